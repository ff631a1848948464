import { readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type EncryptStreamOptions, encryptStream } from '../../../src/index.js';
import { fragmented } from '../../support/builder/fragmented.js';
import { audioTrackOf, tracksOf } from '../../support/builder/movie.js';
import { toBytes, writePieces } from '../../support/builder/pieces.js';
import { encryptTo, KEY, testKeys, tracesOf } from '../../support/jobs.js';
import { readMovie } from '../../support/mp4-reader.js';
import { fingerprintsOf } from '../../support/sample-hashes.js';
import { sample, testMedia } from '../../support/samples.js';
import { SHAPES } from '../../support/shapes.js';
import { temporaryFolder } from '../../support/temporary.js';
import { Collected, streamOf } from './streams.js';

const temporary = temporaryFolder();
const av = () => tracksOf(testMedia('moov-last.mp4'));

async function throughStream(
  bytes: Uint8Array,
  options: Partial<EncryptStreamOptions> = {},
): Promise<{ bytes: Buffer; result: Awaited<ReturnType<typeof encryptStream>>; chunks: number[] }> {
  const output = new Collected();
  const result = await encryptStream({ input: streamOf(bytes), output, keys: testKeys, ...options });
  return { bytes: output.bytes, result, chunks: output.chunks.map(({ length }) => length) };
}

/** Of the shapes in the field, those that are made of fragments. */
const FRAGMENTED = SHAPES.filter(({ name }) => /fragment|sidx|bases|runs|moofs/.test(name));
const REFUSED: Record<string, RegExp> = {
  'bases in the media, last mdat to the end': /open size has no end/,
  'fragments, last mdat to the end': /open size has no end/,
};

describe('a stream of fragments', () => {
  it.each(FRAGMENTED)('$name', async ({ name, make }) => {
    const input = temporary('shape.mp4');
    writePieces(input, make());
    const streamed = throughStream(readFileSync(input));
    if (REFUSED[name]) return expect(streamed).rejects.toThrow(REFUSED[name]);
    const output = temporary('shape.enc.mp4');
    const { bytes, result } = await streamed;
    writeFileSync(output, bytes);
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
    expect(fingerprintsOf(output)).not.toEqual(fingerprintsOf(input));
    expect(result.bytes).toBe(bytes.length);
    expect(result.fragments).toBe(readMovie(input).fragments);
    expect(result.tracks.map((track) => track.samples)).toEqual(
      readMovie(input).tracks.map((track) => track.samples.length),
    );
  });

  it('is refused with a system that has no box', async () => {
    const failed = throughStream(Buffer.alloc(0), { systems: ['fairplay'] });
    await expect(failed).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('FairPlay has no pssh box'),
    });
  });

  it('has one edit that lasts to the end, of whatever length it was; other lists stay, with a warning', async () => {
    const one = [{ duration: 1500, mediaTime: 1024 }];
    const several = [{ duration: 20, mediaTime: -1 }, ...one];
    const [video, audio] = av();
    const input = toBytes(
      fragmented([
        { ...video, edits: one },
        { ...audio, edits: several },
      ]),
    );
    const { bytes, result } = await throughStream(input);
    const output = temporary('edits.mp4');
    writeFileSync(output, bytes);
    expect(readMovie(output).tracks.map(({ edits }) => edits)).toEqual([
      [{ duration: 0, mediaTime: 1024 }],
      several,
    ]);
    expect(result.warnings.filter((warning) => warning.includes('edit list'))).toEqual([
      expect.stringContaining(`track ${audio.id} `),
    ]);
  });

  it('is the same as the file with the layout kept, but for IVs and indexes', async () => {
    const input = temporary('same.mp4');
    const output = temporary('same.enc.mp4');
    writePieces(input, fragmented(av(), { base: 'absolute' }));
    const kept = await encryptTo(input, output, { layout: 'keep', contentId: 'same' });
    const { bytes, result } = await throughStream(readFileSync(input), { contentId: 'same' });
    expect(bytes.length).toBe(readFileSync(output).length);
    const { timings, input: _, output: __, ...rest } = result;
    const { timings: ___, input: ____, output: _____, ...wanted } = kept;
    expect(rest).toEqual(wanted);
  });

  it('leaves in pieces: what begins it, then each fragment', async () => {
    const bytes = toBytes(fragmented(av(), { fragmentSamples: 10 }));
    const { result, chunks } = await throughStream(bytes);
    expect(chunks).toHaveLength(1 + result.fragments);
  });

  it('passes moov on before the first fragment has come', async () => {
    const bytes = toBytes(fragmented(av()));
    const moofAt = bytes.indexOf('moof') - 4;
    const input = streamOf(bytes.subarray(0, moofAt));
    const output = new Collected();
    const failed = encryptStream({ input, output, keys: testKeys });
    await expect(failed).rejects.toMatchObject({ code: 'NOTHING_TO_ENCRYPT' });
    expect(output.bytes.indexOf('moov')).toBeGreaterThan(0);
    expect(output.bytes.indexOf('pssh')).toBeGreaterThan(0);
  });

  it.each([1, 7, 4096, 1 << 20])('in chunks of %i bytes', async (chunkBytes) => {
    const bytes = toBytes(fragmented([audioTrackOf([100, 200, 300])], { fragmentSamples: 2 }));
    const output = new Collected();
    await encryptStream({ input: streamOf(bytes, chunkBytes), output, keys: testKeys });
    const path = temporary('chunks.mp4');
    const clear = temporary('chunks.clear.mp4');
    writeFileSync(path, output.bytes);
    writeFileSync(clear, bytes);
    expect(fingerprintsOf(path, KEY)).toEqual(fingerprintsOf(clear));
  });

  it('drops indexes, and says so', async () => {
    const bytes = toBytes(fragmented(av(), { sidx: 'each', mfra: true }));
    const { bytes: encrypted, result } = await throughStream(bytes);
    const path = temporary('indexes.mp4');
    writeFileSync(path, encrypted);
    const types = readMovie(path).top.map(({ type }) => type);
    expect(types).not.toContain('sidx');
    expect(types).not.toContain('mfra');
    expect(result.warnings.join('\n')).toMatch(/sidx boxes were left out/);
    expect(result.warnings.join('\n')).toMatch(/1 mfra box was left out/);
  });

  it('takes parameter sets of earlier fragments along (avc3, hev1)', async () => {
    const input = temporary('hev1.mp4');
    writePieces(input, fragmented(tracksOf(testMedia('hev1.mp4')), { fragmentSamples: 1 }));
    const { bytes } = await throughStream(readFileSync(input));
    const output = temporary('hev1.enc.mp4');
    writeFileSync(output, bytes);
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
  });
});

describe('the counter blocks of a stream', () => {
  it.each([8, 16] as const)('are never used twice, with IVs of %i bytes', async (ivSize) => {
    const bytes = toBytes(fragmented(av(), { fragmentSamples: 3 }));
    const path = temporary(`blocks-${ivSize}.mp4`);
    writeFileSync(path, (await throughStream(bytes, { ivSize })).bytes);
    const used = new Set<string>();
    let count = 0;
    for (const { samples } of readMovie(path).tracks) {
      for (const { iv, size, subsamples } of samples) {
        const hidden = subsamples?.reduce((sum, [, part]) => sum + part, 0) ?? size;
        const high = iv!.subarray(0, 8).toString('hex');
        const low = ivSize === 16 ? iv!.readBigUInt64BE(8) : 0n;
        for (let block = 0n; block < BigInt(Math.ceil(hidden / 16)); block++, count++) {
          used.add(`${high}${BigInt.asUintN(64, low + block)}`);
        }
      }
    }
    expect(count).toBeGreaterThan(1000);
    expect(used.size).toBe(count);
  });
});

describe('a file as output of a stream', () => {
  it('appears whole', async () => {
    const input = sample('bars-fragmented.mp4');
    const output = temporary('whole.mp4');
    const result = await encryptStream({ input: streamOf(readFileSync(input)), output, keys: testKeys });
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
    expect(result).toMatchObject({ input: '-', output, layout: 'keep', contentId: 'whole' });
    expect(tracesOf(output)).toEqual(['whole.mp4']);
  });

  it('does not appear when the stream breaks off', async () => {
    const bytes = readFileSync(sample('bars-fragmented.mp4'));
    const output = temporary('cut-off.mp4');
    const keysOut = temporary('cut-off-keys.json');
    const input = streamOf(bytes.subarray(0, bytes.length * 0.7));
    const failed = encryptStream({ input, output, keys: testKeys, keysOut });
    await expect(failed).rejects.toMatchObject({ code: 'TRUNCATED_INPUT' });
    expect(tracesOf(output)).toEqual([]);
  });

  it('is not replaced unless that is allowed', async () => {
    const output = temporary('taken.mp4');
    writeFileSync(output, 'something');
    const input = streamOf(readFileSync(sample('bars-fragmented.mp4')));
    const failed = encryptStream({ input, output, keys: testKeys });
    await expect(failed).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect(input.destroyed).toBe(true);
    expect(readFileSync(output, 'utf8')).toBe('something');
  });
});

describe('a file into a stream', () => {
  it.each(['fragmented', 'keep'] as const)('layout %s', async (layout) => {
    const input = sample('bars.mp4');
    const collected = new Collected();
    const result = await encryptStream({ input, output: collected, keys: testKeys, layout });
    const output = temporary(`file-${layout}.mp4`);
    writeFileSync(output, collected.bytes);
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
    expect(result).toMatchObject({ layout, output: '-', bytes: collected.bytes.length, contentId: 'bars' });
  });
});

describe('streams that are refused', () => {
  const progressive = () => readFileSync(sample('bars.mp4'));
  const cases: [name: string, bytes: () => Uint8Array, code: string, message: RegExp][] = [
    ['nothing', () => new Uint8Array(), 'NOT_MP4', /is empty/],
    ['text', () => Buffer.from('This is no MP4 at all, but a text.'), 'NOT_MP4', /does not begin with/],
    ['moov first, progressive', progressive, 'UNSUPPORTED_FEATURE', /progressive/],
    ['mdat first', () => readFileSync(testMedia('moov-last.mp4')), 'UNSUPPORTED_FEATURE', /progressive/],
    ['no moov', () => progressive().subarray(0, 32), 'TRUNCATED_INPUT', /the stream ends inside/],
    ['half a header', () => progressive().subarray(0, 5), 'TRUNCATED_INPUT', /the stream ends inside/],
    ['half a moov', () => progressive().subarray(0, 300), 'TRUNCATED_INPUT', /the stream ends inside/],
  ];
  it.each(cases)('%s', async (_, bytes, code, message) => {
    const failed = throughStream(bytes());
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('tells how to write fragments', async () => {
    await expect(throughStream(progressive())).rejects.toMatchObject({
      details: { remedy: expect.stringContaining('frag_keyframe+empty_moov+default_base_moof') },
    });
  });

  it('a fragment that claims to be larger than memory', async () => {
    const bytes = toBytes(fragmented(av()));
    bytes.writeUInt32BE(0x7fffffff, bytes.lastIndexOf('mdat') - 4);
    await expect(throughStream(bytes)).rejects.toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      details: { expected: `at most ${256 * 2 ** 20} bytes` },
    });
  });

  it('more samples than the fragment has bytes', async () => {
    const track = audioTrackOf([100, 100, 100]);
    const bytes = toBytes(fragmented([track]));
    const trun = bytes.indexOf('trun');
    // No size and no duration in the rows: the count is backed by nothing.
    bytes.writeUInt32BE(0x000001, trun + 4);
    bytes.writeUInt32BE(0x7fffffff, trun + 8);
    await expect(throughStream(bytes)).rejects.toMatchObject({
      code: 'MALFORMED_INPUT',
      message: expect.stringMatching(/more samples than the fragment has bytes/),
    });
  });

  it('a second moov', async () => {
    const bytes = toBytes(fragmented(av()));
    await expect(throughStream(Buffer.concat([bytes, bytes]))).rejects.toThrow(/more than one/);
  });

  it('samples before their moof', async () => {
    const bytes = toBytes(fragmented([audioTrackOf([100])]));
    const trun = bytes.indexOf('trun');
    bytes.writeInt32BE(-200, trun + 12);
    await expect(throughStream(bytes)).rejects.toThrow(/have left already/);
  });

  it.each([
    [{ layout: 'fragmented' }, /cannot be cut/],
    [{ fragmentDurationSeconds: 2 }, /another duration/],
    [{ dryRun: true }, /cannot be planned/],
  ] as const)('%o', async (options, message) => {
    await expect(throughStream(toBytes(fragmented(av())), options)).rejects.toThrow(message);
  });
});

describe('a stream that is stopped', () => {
  it('ends with ABORTED while it waits for input', async () => {
    const bytes = readFileSync(sample('bars-fragmented.mp4'));
    const controller = new AbortController();
    const input = new Readable({ read() {} });
    input.push(bytes.subarray(0, 5000));
    const output = temporary('stopped.mp4');
    const work = encryptStream({ input, output, keys: testKeys, signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
    expect(input.destroyed).toBe(true);
    expect(tracesOf(output)).toEqual([]);
  });

  it('ends with OUTPUT_FAILED when the output is closed', async () => {
    const output = new Collected();
    const input = streamOf(readFileSync(sample('bars-fragmented.mp4')));
    output.on('error', () => {});
    output.destroy();
    const failed = encryptStream({ input, output, keys: testKeys });
    await expect(failed).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
  });

  it('ends with INPUT_UNREADABLE when reading fails', async () => {
    const input = new Readable({
      read() {
        this.destroy(Object.assign(new Error('broken'), { code: 'EIO' }));
      },
    });
    const failed = encryptStream({ input, output: new Collected(), keys: testKeys });
    await expect(failed).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  });
});

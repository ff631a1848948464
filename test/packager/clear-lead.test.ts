import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { decrypt, encrypt, encryptStream } from '../../src/index.js';
import { fragmented } from '../support/builder/fragmented.js';
import { type BuiltSample, tracksOf } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptBy, INPUTS, trafsOf, typesIn, type Way } from '../support/crypto-periods.js';
import { KEY, KID, testKeys, tracesOf } from '../support/jobs.js';
import { readMovie } from '../support/mp4-reader.js';
import { fingerprintsOf } from '../support/sample-hashes.js';
import { testMedia } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { Collected, streamOf } from './stream/streams.js';

const temporary = temporaryFolder();
const WAYS: readonly Way[] = ['file', 'stream'];
const SCHEMES = ['cenc', 'cbcs'] as const;
const CASES = WAYS.flatMap((way) => SCHEMES.map((scheme) => ({ way, scheme })));

describe.each(CASES)('a clear lead, $scheme, of a $way', ({ way, scheme }) => {
  const output = () => temporary(`${way}.${scheme}.mp4`);
  const encrypted = async () => {
    const result = await encryptBy(way, output(), { keys: testKeys, scheme, clearLeadSeconds: 1.5 });
    return { result, movie: readMovie(output()) };
  };

  it('is undone by decrypt, and by a second implementation', async () => {
    const { result } = await encrypted();
    const clear = temporary('clear.mp4');
    await decrypt({ input: output(), output: clear, keys: testKeys, force: true });
    const wanted = fingerprintsOf(INPUTS[way]);
    expect(fingerprintsOf(clear)).toEqual(wanted);
    expect(fingerprintsOf(output(), KEY)).toEqual(wanted);
    expect(fingerprintsOf(output())).not.toEqual(wanted);
    expect(result.tracks.map(({ kid }) => kid)).toEqual([KID, KID]);
    expect(result.tracks[0].kids).toBeUndefined();
  });

  it('has the sample entry of the input, byte for byte, behind the protected one', async () => {
    const { movie } = await encrypted();
    const input = readMovie(INPUTS[way]);
    for (const [i, { entries, handler }] of movie.tracks.entries()) {
      expect(entries.map(({ fourcc }) => fourcc)).toEqual([
        handler === 'vide' ? 'encv' : 'enca',
        input.tracks[i].entries[0].fourcc,
      ]);
      expect(entries[1].bytes).toEqual(input.tracks[i].entries[0].bytes);
      expect(entries[0].tenc).toMatchObject({ scheme, kid: KID });
    }
  });

  it('is whole fragments that begin in it, which name the clear entry and have no box of protection', async () => {
    const { movie } = await encrypted();
    const fragments = trafsOf(movie);
    const isClear = fragments.map((trafs) => Math.min(...trafs.map((traf) => traf.startSeconds)) < 1.5);
    expect(isClear.filter(Boolean).length).toBeGreaterThan(0);
    expect(isClear.lastIndexOf(true)).toBeLessThan(isClear.indexOf(false));
    const protection = scheme === 'cenc' ? ['saiz', 'saio', 'senc'] : [];
    for (const [i, trafs] of fragments.entries()) {
      for (const { node, entryIndex, track } of trafs) {
        expect(entryIndex).toBe(isClear[i] ? 2 : 1);
        const isVideo = track.handler === 'vide';
        const boxes = isVideo ? ['saiz', 'saio', 'senc'] : protection;
        const written = typesIn(node).slice(3);
        expect(written.filter((type) => type !== 'sbgp')).toEqual(isClear[i] ? [] : boxes); // sbgp: of roll
      }
    }
  });

  it('leaves the pssh boxes in moov, and none in fragments', async () => {
    const { movie } = await encrypted();
    expect(movie.pssh.length).toBe(2);
    expect(movie.moofs.flatMap((moof) => moof.all('pssh'))).toEqual([]);
  });
});

describe('the clear lead', () => {
  it.each([
    [0.01, 1],
    [1, 1],
    [1.01, 2],
    [3.99, 4],
  ])('of %d s is %d fragments of a second', async (clearLeadSeconds, count) => {
    const output = temporary('rounded.mp4');
    const [video] = tracksOf(INPUTS.file);
    const edits = [{ duration: 5000, mediaTime: video.samples[0].cto ?? 0 }];
    const input = temporary('video.mp4');
    writeFileSync(input, toBytes(progressive([{ ...video, edits }])));
    await encryptBy('file', output, { input, keys: testKeys, clearLeadSeconds });
    expect(trafsOf(readMovie(output)).map(([{ entryIndex }]) => entryIndex)).toEqual(
      Array.from({ length: 5 }, (_, i) => (i < count ? 2 : 1)),
    );
  });

  it('leaves tracks alone that are not encrypted', async () => {
    const output = temporary('video-only.mp4');
    await encryptBy('file', output, { keys: testKeys, clearLeadSeconds: 1, tracks: ['video'] });
    const [video, audio] = readMovie(output).tracks;
    expect(video.entries.length).toBe(2);
    expect(audio.entries.map(({ fourcc }) => fourcc)).toEqual(['mp4a']);
  });

  it('makes 2n sample entries of n, the protected ones first', async () => {
    const [video] = tracksOf(testMedia('moov-last.mp4'), 12);
    const [entry] = video.entries;
    const samples = video.samples.map((one, i) => ({
      ...one,
      sync: i % 3 === 0,
      entry: Math.floor(i / 3) % 2,
    }));
    const input = temporary('two-entries.mp4');
    const output = temporary('two-entries.enc.mp4');
    writeFileSync(
      input,
      toBytes(fragmented([{ ...video, entries: [entry, entry], samples }], { fragmentSamples: 3 })),
    );
    const [first] = samples;
    const clearLeadSeconds = (5 * first.duration) / video.timescale;
    await encrypt({ input, output, keys: testKeys, clearLeadSeconds, fragmentDurationSeconds: 0.001 });
    const movie = readMovie(output);
    expect(movie.tracks[0].entries.map(({ fourcc }) => fourcc)).toEqual(['encv', 'encv', 'avc1', 'avc1']);
    expect(trafsOf(movie).map(([{ entryIndex }]) => entryIndex)).toEqual([3, 4, 1, 2]);
    const fingerprints = fingerprintsOf(output, KEY);
    expect(fingerprints[0].map(({ md5 }) => md5)).toEqual(fingerprintsOf(input)[0].map(({ md5 }) => md5));
  });

  it.each(WAYS)(
    'is where a %s may have its parameter sets, and later slices are read by them',
    async (way) => {
      const [video] = tracksOf(testMedia('avc3.mp4'));
      const second = video.samples.findIndex(({ sync }, i) => i > 0 && sync !== false);
      const group = video.samples.slice(0, second);
      const samples = [...group, ...group.map(withoutParameterSets)];
      expect(samples[second].data.length).toBeLessThan(samples[0].data.length);
      const track = { ...video, samples };
      const input = temporary('in-band.mp4');
      const output = temporary('in-band.enc.mp4');
      const options = { keys: testKeys, clearLeadSeconds: 0.5, scheme: 'cbcs' } as const;
      if (way === 'file') {
        writeFileSync(input, toBytes(progressive([track])));
        await encrypt({ input, output, force: true, fragmentDurationSeconds: 0.5, ...options });
      } else {
        const bytes = toBytes(fragmented([track], { fragmentSamples: second }));
        const collected = new Collected();
        await encryptStream({ input: streamOf(bytes), output: collected, ...options });
        writeFileSync(input, bytes);
        writeFileSync(output, collected.bytes);
      }
      const movie = readMovie(output);
      const indexes = trafsOf(movie).map(([{ entryIndex }]) => entryIndex);
      expect(indexes[0]).toBe(2);
      expect(indexes.at(-1)).toBe(1);
      const hidden = movie.tracks[0].samples
        .slice(second)
        .filter(({ subsamples }) => subsamples?.some(([, n]) => n > 0));
      expect(hidden.length).toBeGreaterThan(10);
      expect(fingerprintsOf(output, KEY)[0].map(({ md5 }) => md5)).toEqual(
        fingerprintsOf(input)[0].map(({ md5 }) => md5),
      );
    },
  );
});

/** Without the NAL units that hold a sequence or picture parameter set. */
function withoutParameterSets(sample: BuiltSample): BuiltSample {
  const data = Buffer.from(sample.data);
  const kept: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 4 + data.readUInt32BE(at);
    if (![7, 8].includes(data[at + 4] & 31)) kept.push(data.subarray(at, end));
    at = end;
  }
  return { ...sample, data: Buffer.concat(kept) };
}

describe('a clear lead is refused', () => {
  it('when it is longer than the file, before anybody is asked for keys', async () => {
    const output = temporary('too-long.mp4');
    const keys = {
      assign: () => {
        throw new Error('keys were asked for');
      },
    };
    for (const clearLeadSeconds of [5, 3600]) {
      await expect(encryptBy('file', output, { keys, clearLeadSeconds })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('clear lead'),
      });
    }
    expect(tracesOf(output)).toEqual([]);
  });

  it('when it is longer than the stream, at its end', async () => {
    const output = temporary('too-long-stream.mp4');
    const input = streamOf(readFileSync(INPUTS.stream));
    await expect(
      encryptStream({ input, output, keys: testKeys, clearLeadSeconds: 3600 }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('clear lead') });
    expect(tracesOf(output)).toEqual([]);
  });

  it.each(['clearLeadSeconds', 'cryptoPeriodSeconds'] as const)(
    'with the layout kept, as %s is, before the input is looked for',
    async (name) => {
      const input = temporary('not-there.mp4');
      const options = { input, keys: testKeys, layout: 'keep', [name]: 1 } as const;
      const refused = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) };
      const output = temporary('kept.mp4');
      await expect(encrypt({ ...options, output })).rejects.toMatchObject(refused);
      await expect(encryptStream({ ...options, output: new Collected() })).rejects.toMatchObject(refused);
      expect(existsSync(output)).toBe(false);
    },
  );

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1'])('of %j seconds', async (clearLeadSeconds) => {
    const options = { clearLeadSeconds } as { clearLeadSeconds: number };
    const input = new Readable({
      read() {
        throw new Error('the input was read');
      },
    });
    const refused = encryptStream({ input, output: new Collected(), keys: testKeys, ...options });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decrypt, encryptBatch, encryptStream, inspect } from '../../src/index.js';
import { box, fullBox, text, u8, u32, uuidBox } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { aacEntry, audioTrackOf, type BuiltTrack } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptTo, KEY, testKeys } from '../support/jobs.js';
import { fingerprintsOf } from '../support/sample-hashes.js';
import { temporaryFolder } from '../support/temporary.js';
import { Collected, streamOf } from './stream/streams.js';

const temporary = temporaryFolder();
const whole = () => toBytes(fragmented([audioTrackOf([100, 200, 300])], { fragmentSamples: 2 }));

/** The last mdat says that it has 5 bytes more than there are. */
function cut(): Buffer {
  const bytes = whole();
  const at = bytes.lastIndexOf('mdat') - 4;
  bytes.writeUInt32BE(bytes.readUInt32BE(at) + 5, at);
  return bytes;
}

const TAILS: [name: string, bytes: () => Buffer, warning: RegExp, says: string | undefined][] = [
  ['zeros', () => Buffer.concat([whole(), Buffer.alloc(20)]), /last 20 bytes .* are zeros\./, 'them'],
  [
    'an ID3v1 tag',
    () => Buffer.concat([whole(), text('TAG'), Buffer.alloc(125)]),
    /last 128 bytes .* are an ID3v1 tag\./,
    'them',
  ],
  [
    'other bytes',
    () => Buffer.concat([whole(), text('written by somebody')]),
    /last 19 bytes .* are bytes that are no box\./,
    'them',
  ],
  ['an mdat too long', cut, /mdat at byte \d+\) claims 313 bytes, but only 308 are there/, undefined],
];

describe.each(TAILS)('a file that ends with %s', (_, bytes, warning, says) => {
  const expectWarned = (warnings: readonly string[], verb: string) => {
    expect(warnings.filter((sentence) => warning.test(sentence))).toHaveLength(1);
    if (says) expect(warnings.join()).toContain(verb);
  };
  const input = () => {
    const path = temporary('input.mp4');
    writeFileSync(path, bytes());
    return path;
  };

  it('is inspected with a warning', async () => {
    expectWarned((await inspect(input())).warnings, '');
    expect((await inspect(input(), { boxes: true })).boxes?.at(-1)?.type).toBe(says ? '(bytes)' : 'mdat');
  });

  it('keeps them, and comes back byte for byte', async () => {
    const output = temporary('keep.mp4');
    const { warnings } = await encryptTo(input(), output, { layout: 'keep', force: true });
    expectWarned(warnings, 'The output keeps them.');
    const back = temporary('back.mp4');
    const undone = await decrypt({ input: output, output: back, keys: testKeys, force: true });
    expectWarned(undone.warnings, 'The output keeps them.');
    expect(readFileSync(back).equals(bytes())).toBe(true);
  });

  it('goes without them in new fragments', async () => {
    const output = temporary('fragmented.mp4');
    const { warnings } = await encryptTo(input(), output, { force: true });
    expectWarned(warnings, 'The output does not have them.');
    expect((await inspect(output)).warnings).toEqual([]);
  });

  it('keeps them in a stream', async () => {
    const collected = new Collected();
    const { warnings } = await encryptStream({
      input: streamOf(bytes()),
      output: collected,
      keys: testKeys,
    });
    expectWarned(warnings, 'The output keeps them.');
    const output = temporary('streamed.mp4');
    writeFileSync(output, collected.bytes);
    expectWarned((await inspect(output)).warnings, '');
  });

  it('is a job of a batch', async () => {
    const results = temporary('results.ndjson');
    const outDir = temporary('out');
    const result = await encryptBatch({
      source: input(),
      outDir,
      results,
      keys: testKeys,
      force: true,
      jobs: 1,
    });
    expect(result).toMatchObject({ total: 1, failed: 0 });
    const line = JSON.parse(readFileSync(results, 'utf8').trim().split('\n').at(-1)!);
    expectWarned(line.warnings, 'The output does not have them.');
  });
});

const PSSH = fullBox('pssh', 0, 0, Buffer.alloc(16, 7), u32(0));
const PIFF_PSSH = 'd08a4f18-10f3-4a82-b6c8-32d8aba183d3';
const SEIG = Buffer.concat([u8(0, 0, 1, 8), Buffer.alloc(16, 9)]);
const aux = { iv: Buffer.alloc(8, 5), map: Buffer.alloc(0) };

/** A track as a decryption leaves it that forgets the boxes: IVs and groups are there, the samples are clear. */
function leftover(more: Partial<BuiltTrack> = {}): BuiltTrack {
  const track = audioTrackOf([100, 200, 300]);
  return { ...track, ...more, samples: track.samples.map((one) => ({ ...one, aux })) };
}

const senc = (count: number) => fullBox('senc', 0, 0, u32(count), Buffer.alloc(8 * count, 5));
const saiz = (count: number) => fullBox('saiz', 0, 0, u8(8), u32(count));
const saio = () => fullBox('saio', 0, 0, u32(1, 0));
const sgpd = () => fullBox('sgpd', 1, 0, text('seig'), u32(SEIG.length, 1), SEIG);
const sbgp = (count: number) => fullBox('sbgp', 0, 0, text('seig'), u32(1, count, 1));
const sinf = () => box('sinf', box('frma', text('mp4a')), fullBox('schm', 0, 0, text('cenc'), u32(0x10000)));
const clearEntryWithSinf = () => {
  const entry = aacEntry();
  return box('mp4a', entry.subarray(8), sinf());
};

const EARLIER: [name: string, bytes: () => Buffer, types: string][] = [
  [
    'senc, saiz and saio in fragments',
    () => toBytes(fragmented([leftover()], { fragmentSamples: 2, aux: 'senc' })),
    'senc, saiz, saio',
  ],
  ['the boxes of PIFF in fragments', () => toBytes(fragmented([leftover()], { aux: 'piff' })), 'uuid'],
  [
    'pssh boxes and a senc in trak',
    () => toBytes(progressive([leftover({ trakBoxes: [senc(3)] })], { moovBoxes: [PSSH] })),
    'pssh, senc',
  ],
  [
    'a PIFF pssh',
    () => toBytes(progressive([leftover()], { moovBoxes: [uuidBox(PIFF_PSSH, 0, 0, Buffer.alloc(20))] })),
    'uuid',
  ],
  [
    'a sinf in a clear sample entry',
    () => toBytes(progressive([leftover({ entries: [clearEntryWithSinf()] })])),
    'sinf',
  ],
  [
    'key groups and auxiliary information in stbl',
    () => toBytes(progressive([leftover()], { tables: [saiz(3), saio(), sgpd(), sbgp(3)] })),
    'saiz, saio, sgpd, sbgp',
  ],
];

describe.each(EARLIER)('a clear file with %s', (_, bytes, types) => {
  const input = () => {
    const path = temporary('earlier.mp4');
    writeFileSync(path, bytes());
    return path;
  };
  const warning = `The file is clear, but has boxes of an earlier encryption: ${types}.`;

  it('is inspected with a warning', async () => {
    expect((await inspect(input())).warnings).toEqual([`${warning} Encryption drops them.`]);
  });

  it.each(['keep', 'fragmented'] as const)('is encrypted without them: %s', async (layout) => {
    const output = temporary('earlier.enc.mp4');
    const { warnings, pssh } = await encryptTo(input(), output, { layout, force: true });
    expect(warnings).toContain(`${warning} The output does not have them.`);
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input()));
    const found = await inspect(output);
    expect(found.pssh.map(({ systemId }) => systemId)).toEqual(pssh.map(({ systemId }) => systemId));
    expect(found.tracks[0]).toMatchObject({ encrypted: true, protectedBytes: 600 });

    const back = temporary('earlier.back.mp4');
    await decrypt({ input: output, output: back, keys: testKeys, force: true });
    expect((await inspect(back)).warnings).toEqual([]);
    expect(fingerprintsOf(back)).toEqual(fingerprintsOf(input()));
  });
});

it('takes boxes of an earlier encryption out of the fragments of a stream', async () => {
  const [, bytes, types] = EARLIER[0];
  const collected = new Collected();
  const { warnings } = await encryptStream({ input: streamOf(bytes()), output: collected, keys: testKeys });
  expect(warnings.join()).toContain(`boxes of an earlier encryption: ${types}.`);
  const output = temporary('earlier-streamed.mp4');
  writeFileSync(output, collected.bytes);
  expect((await inspect(output)).tracks[0]).toMatchObject({ encrypted: true, protectedBytes: 600 });
});

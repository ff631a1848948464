import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, type Layout, PrpackError } from '../../src/index.js';
import { box, fullBox, text, u32, u64 } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, tracksOf } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { PRPACK, runProgram } from '../support/cli.js';
import { encryptTo, tracesOf } from '../support/jobs.js';
import { runMeasured } from '../support/measured.js';
import { type Box, boxesIn } from '../support/mp4-reader.js';
import { sample, testMedia } from '../support/samples.js';
import { SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const CUTS = SWEEPS ? 120 : 40;
const MAX_RSS_BYTES = 200_000_000;
const FTYP = box('ftyp', text('isom'), u32(0), text('isom'));

const movie = () => toBytes(progressive(tracksOf(testMedia('moov-last.mp4'))));
const fragments = () => toBytes(fragmented(tracksOf(testMedia('moov-last.mp4'))));
const indexedFragments = () => toBytes(fragmented(tracksOf(testMedia('moov-last.mp4')), { sidx: 'flat' }));

/** A file that must be refused, and the codes that say so. */
interface Hostile {
  readonly name: string;
  readonly bytes: () => Uint8Array;
  readonly codes: readonly string[];
  /** Default `fragmented`, which does not need what it makes anew. */
  readonly layout?: Layout;
}

const DAMAGED = ['MALFORMED_INPUT', 'TRUNCATED_INPUT', 'NOT_MP4', 'UNSUPPORTED_FEATURE', 'UNSUPPORTED_CODEC'];

const NOT_MOVIES: Hostile[] = [
  { name: 'an empty file', bytes: () => Buffer.alloc(0), codes: ['NOT_MP4'] },
  { name: 'one byte', bytes: () => Buffer.from([0]), codes: ['NOT_MP4'] },
  { name: 'seven bytes', bytes: () => Buffer.alloc(7), codes: ['NOT_MP4'] },
  { name: 'zeros', bytes: () => Buffer.alloc(100_000), codes: ['NOT_MP4'] },
  { name: 'ones', bytes: () => Buffer.alloc(100_000, 0xff), codes: ['NOT_MP4'] },
  { name: 'a text', bytes: () => Buffer.from('This is no movie.\n'.repeat(1000)), codes: ['NOT_MP4'] },
  { name: 'a script', bytes: () => readFileSync(import.meta.filename), codes: ['NOT_MP4'] },
  { name: 'a PNG', bytes: () => Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), codes: ['NOT_MP4'] },
  { name: 'an MPEG transport stream', bytes: () => Buffer.alloc(188 * 50, 0x47), codes: ['NOT_MP4'] },
  { name: 'ftyp alone', bytes: () => FTYP, codes: ['NOT_MP4', 'MALFORMED_INPUT', 'TRUNCATED_INPUT'] },
  {
    name: 'no moov',
    bytes: () => without('moov', movie()),
    codes: ['NOT_MP4', 'MALFORMED_INPUT', 'TRUNCATED_INPUT'],
  },
  {
    name: 'a lone media segment',
    bytes: () => without('moov', fragments()),
    codes: ['NOT_MP4', 'MALFORMED_INPUT', 'UNSUPPORTED_FEATURE'],
  },
  {
    name: 'a moov of size 0 at once',
    bytes: () => Buffer.concat([FTYP, u32(0), text('moov')]),
    codes: DAMAGED,
  },
  {
    name: 'an empty moov',
    bytes: () => Buffer.concat([FTYP, box('moov')]),
    codes: [...DAMAGED, 'NOTHING_TO_ENCRYPT'],
  },
  { name: 'two moovs', bytes: () => Buffer.concat([movie(), slice(movie(), 'moov')]), codes: DAMAGED },
];

const NOTHING_TO_DO: Hostile[] = [
  {
    name: 'a track without samples',
    bytes: () => toBytes(progressive([audioTrackOf([])])),
    codes: ['NOTHING_TO_ENCRYPT'],
  },
  {
    name: 'fragments without samples',
    bytes: () => toBytes(fragmented([audioTrackOf([])])),
    codes: ['NOTHING_TO_ENCRYPT'],
  },
  { name: 'text alone', bytes: textOnly, codes: ['NOTHING_TO_ENCRYPT'] },
  ...['vp08', 'mp4v', 'xxxx'].map((fourcc) => ({
    name: `video of the unknown codec ${fourcc}`,
    bytes: () => renamed(movie(), 'avc1', fourcc),
    codes: ['UNSUPPORTED_CODEC'],
  })),
  ...['hvc1', 'av01', 'vp09', 'vvc1'].map((fourcc) => ({
    name: `AVC that is named ${fourcc}`,
    bytes: () => renamed(movie(), 'avc1', fourcc),
    codes: ['MALFORMED_INPUT'],
  })),
  {
    name: 'audio of an unknown codec',
    bytes: () => renamed(movie(), 'mp4a', 'xxxx'),
    codes: ['UNSUPPORTED_CODEC'],
  },
];

/** Where a count of entries stands in a box's payload, by box. */
const COUNTS: Record<string, number> = {
  stsd: 4,
  stts: 4,
  ctts: 4,
  stss: 4,
  stsc: 4,
  stco: 4,
  stsz: 8,
  elst: 4,
};
const FRAGMENT_COUNTS: Record<string, number> = { trun: 4, stsd: 4 };

const LYING: Hostile[] = [
  ...Object.entries(COUNTS).map(([type, at]) => ({
    name: `${type} that counts 2^32-1 entries`,
    bytes: () => patched(movieWithEdits(), type, at, 0xffffffff),
    codes: DAMAGED,
  })),
  ...Object.entries(FRAGMENT_COUNTS).map(([type, at]) => ({
    name: `${type} of fragments that counts 2^32-1 entries`,
    bytes: () => patched(fragments(), type, at, 0xffffffff),
    codes: DAMAGED,
  })),
  {
    name: 'sidx that counts 65535 references',
    bytes: () => patched(indexedFragments(), 'sidx', 20, 0xffff),
    codes: DAMAGED,
    layout: 'keep',
  },
  {
    name: 'stsz of 2^32-1 samples of one size',
    bytes: () => patched(patched(movie(), 'stsz', 4, 1), 'stsz', 8, 0xffffffff),
    codes: DAMAGED,
  },
  { name: 'stts with a run of 2^32-1', bytes: () => patched(movie(), 'stts', 8, 0xffffffff), codes: DAMAGED },
  { name: 'ctts with a run of 2^32-1', bytes: () => patched(movie(), 'ctts', 8, 0xffffffff), codes: DAMAGED },
  {
    name: 'stsc with 2^32-1 samples a chunk',
    bytes: () => patched(movie(), 'stsc', 12, 0xffffffff),
    codes: DAMAGED,
  },
  { name: 'stsc that starts at chunk 0', bytes: () => patched(movie(), 'stsc', 8, 0), codes: DAMAGED },
  {
    name: 'stsc with a sample entry that is not there',
    bytes: () => patched(movie(), 'stsc', 16, 9),
    codes: DAMAGED,
  },
  { name: 'a sample of 2^32-1 bytes', bytes: () => patched(movie(), 'stsz', 12, 0xffffffff), codes: DAMAGED },
  { name: 'a chunk behind the end', bytes: () => patched(movie(), 'stco', 8, 0xfffffff0), codes: DAMAGED },
  { name: 'a trun of 2^32-1 samples without fields', bytes: emptyRunOfMany, codes: DAMAGED },
  { name: 'a track id of zero', bytes: () => patched(movie(), 'tkhd', 12, 0), codes: DAMAGED },
  { name: 'a timescale of zero', bytes: () => patched(movie(), 'mdhd', 12, 0), codes: DAMAGED },
  { name: 'a NAL length size without rule', bytes: badNalLengths, codes: DAMAGED },
];

const NESTED: Hostile[] = [
  { name: 'moov in moov, 5000 deep', bytes: () => Buffer.concat([FTYP, nest('moov', 5000)]), codes: DAMAGED },
  {
    name: 'trak in trak, 5000 deep',
    bytes: () => Buffer.concat([FTYP, box('moov', nest('trak', 5000))]),
    codes: DAMAGED,
  },
  {
    name: '100000 empty traks',
    bytes: () => Buffer.concat([FTYP, box('moov', ...Array.from({ length: 100_000 }, () => box('trak')))]),
    codes: DAMAGED,
  },
  {
    name: '300000 empty boxes at the top',
    bytes: () => Buffer.concat([FTYP, ...Array.from({ length: 300_000 }, () => box('free'))]),
    codes: DAMAGED,
  },
];

/** Bytes without which the file would be whole: what is wrong must not hide samples, or leave them clear. */
const TAILS: Hostile[] = [
  {
    name: 'zeros with fragments behind them',
    bytes: () => Buffer.concat([fragments(), Buffer.alloc(100), without('moov', fragments())]),
    codes: DAMAGED,
  },
  {
    name: 'an mdat that swallows the fragments behind it',
    bytes: () => resized(fragments(), 'mdat', 0x7fffffff),
    codes: DAMAGED,
  },
  {
    name: 'an mdat of open size that swallows the fragments behind it',
    bytes: () => resized(fragments(), 'mdat', 0),
    codes: DAMAGED,
  },
  {
    name: 'an mdat whose last sample is not whole',
    bytes: () => movie().subarray(0, -1),
    codes: ['TRUNCATED_INPUT'],
  },
  {
    name: 'a sample in zeros behind the media',
    bytes: () => Buffer.concat([resized(movie(), 'mdat', 100), Buffer.alloc(100)]),
    codes: DAMAGED,
  },
];

const ALL = [...TAILS, ...NOT_MOVIES, ...NOTHING_TO_DO, ...LYING, ...NESTED];

describe('hostile input', () => {
  it.each(ALL)('is refused: $name', async ({ name, bytes, codes, layout }) => {
    await expectRefused(name, bytes(), codes, layout);
  });

  it.each(['progressive', 'fragments'])('is refused wherever it is cut: %s', async (shape) => {
    const whole = shape === 'progressive' ? movie() : fragments();
    // Between fragments a file may end: that cut is not seen, and not tried.
    const ends = boxesIn(whole).map(({ offset, size }) => offset + size);
    const cuts = Array.from({ length: CUTS }, (_, i) => Math.floor((i * whole.length) / CUTS)).filter(
      (cut) => !ends.includes(cut),
    );
    for (const cut of cuts) await expectRefused(`cut ${shape} at ${cut}`, whole.subarray(0, cut), DAMAGED);
  });

  it.each(['progressive', 'fragments'])('never crashes on a box size that lies: %s', async (shape) => {
    const whole = shape === 'progressive' ? movie() : fragments();
    for (const [i, { offset, size, type }] of everyBox(whole).entries()) {
      const lies = [0, 0x7fffffff, 1, size - 1, 7, size + 1, 8, 0xffffffff];
      // Without sweeps two of them in turn, so that neighbouring boxes lie in all ways.
      for (const lie of SWEEPS ? lies : [lies[(2 * i) % 8], lies[(2 * i + 1) % 8]]) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt32BE(lie, offset);
        await expectRefusedOrDone(`${type} at ${offset} of size ${lie}`, bytes);
      }
    }
  });

  it.each(['sgpd', 'sbgp'])(
    'never fails its own check for a %s that encryption does not use and that lies',
    async (type) => {
      const bytes = readFileSync(testMedia('tracks.mp4'));
      for (const at of [4, 8, 12]) {
        for (const lie of [1, 0x01000001, 0xffffffff]) {
          await expectRefusedOrDone(`${type} with ${lie} at ${at}`, patched(bytes, type, at, lie), 'keep');
        }
      }
    },
  );

  it('refuses what is encrypted already', async () => {
    const once = temporary('once.mp4');
    for (const layout of ['fragmented', 'keep'] as const) {
      await encryptTo(sample('bars.mp4'), once, { layout, force: true });
      await expectRefused(`encrypted ${layout}`, readFileSync(once), ['ALREADY_ENCRYPTED']);
    }
  });

  it('refuses a folder, a missing file, and its own input as output', async () => {
    const output = temporary('nothing.out.mp4');
    mkdirSync(temporary('folder.mp4'));
    await expect(encryptTo(temporary('folder.mp4'), output)).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
    });
    await expect(encryptTo(temporary('missing.mp4'), output)).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
    });
    expect(tracesOf(output)).toEqual([]);
    const both = temporary('both.mp4');
    writeFileSync(both, movie());
    await expect(encryptTo(both, both, { force: true })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(readFileSync(both).equals(movie())).toBe(true);
  });
});

describe('the program on hostile input', () => {
  const CHOSEN = [
    'zeros',
    'a lone media segment',
    'stsz of 2^32-1 samples of one size',
    'stts with a run of 2^32-1',
    'a trun of 2^32-1 samples without fields',
    'trak in trak, 5000 deep',
    '300000 empty boxes at the top',
    'video of the unknown codec vp08',
  ];

  it.each(ALL.filter(({ name }) => CHOSEN.includes(name)))(
    'ends, and stays small: $name',
    async ({ name, bytes }) => {
      const input = temporary(`program ${name}.mp4`);
      const output = temporary(`program ${name}.out.mp4`);
      writeFileSync(input, bytes());
      const run = await runMeasured(['encrypt', input, output, '--playready-test', '--json']);
      expect([3, 4]).toContain(run.exitCode);
      expect(run.maxRssBytes).toBeLessThan(MAX_RSS_BYTES);
      const { error } = JSON.parse(run.stdout);
      expect(error).toMatchObject({
        code: expect.any(String),
        message: expect.any(String),
        remedy: expect.any(String),
      });
      expect(run.stderr + run.stdout).not.toMatch(/\bat .*\.js:\d+/);
      expect(tracesOf(output)).toEqual([]);
    },
  );
});

describe('the program on what is no file', () => {
  it.skipIf(process.platform === 'win32')('does not wait for somebody to write into a pipe', async () => {
    const pipe = temporary('pipe.mp4');
    const output = temporary('from-pipe.mp4');
    execFileSync('mkfifo', [pipe]);
    const encrypt = [process.execPath, PRPACK, 'encrypt', pipe, output, '--playready-test', '--json'];
    const run = await runProgram('timeout', ['--signal', 'KILL', '50', ...encrypt]);
    expect(run.exitCode).toBe(3);
    expect(JSON.parse(run.stdout).error.code).toBe('INPUT_UNREADABLE');
  });
});

/** Tries one file: one error with a code of the list, a remedy and a place; no output. One that hangs ends with the test's time limit. */
async function expectRefused(
  name: string,
  bytes: Uint8Array,
  codes: readonly string[],
  layout?: Layout,
): Promise<void> {
  const error = await expectRefusedOrDone(name, bytes, layout);
  expect(error, `${name} was encrypted`).toBeDefined();
  expect({ name, code: error?.code, accepted: codes.includes(error?.code ?? '') }).toMatchObject({
    name,
    accepted: true,
  });
}

/** As above, where success is an answer too: some lies change nothing that matters. Returns the error. */
async function expectRefusedOrDone(
  name: string,
  bytes: Uint8Array,
  layout: Layout = 'fragmented',
): Promise<PrpackError | undefined> {
  const input = temporary('hostile.mp4');
  const output = temporary('result.mp4');
  writeFileSync(input, bytes);
  let error: unknown;
  try {
    await encryptTo(input, output, { force: true, layout });
  } catch (thrown) {
    error = thrown;
  }
  if (error === undefined) return undefined;
  if (!(error instanceof PrpackError)) throw new Error(`${name} throws something else`, { cause: error });
  expect({ name, exit: exitCodeOf(error.code), code: error.code, message: error.message }).toMatchObject({
    exit: expect.toSatisfy((exit) => exit === 3 || exit === 4),
  });
  expect({ name, remedy: error.details.remedy }).toMatchObject({ remedy: expect.any(String) });
  if (error.code === 'MALFORMED_INPUT') {
    const { boxPath, offsetBytes } = error.details;
    expect({ name, message: error.message, boxPath, offsetBytes }).toMatchObject({
      boxPath: expect.any(String),
      offsetBytes: expect.any(Number),
    });
  }
  expect(tracesOf(output).filter((trace) => trace !== 'result.mp4')).toEqual([]);
  return error;
}

function find(bytes: Buffer, type: string): Box {
  const found = everyBox(bytes).find((one) => one.type === type);
  if (!found) throw new Error(`there is no ${type}`);
  return found;
}

const OPENED = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf', 'mvex', 'edts', 'dinf'];

function everyBox(bytes: Buffer, base = 0): Box[] {
  return boxesIn(bytes, base).flatMap((one) => {
    const start = one.offset - base + one.header;
    const body = bytes.subarray(start, one.offset - base + one.size);
    return [one, ...(OPENED.includes(one.type) ? everyBox(body, base + start) : [])];
  });
}

function slice(bytes: Buffer, type: string): Buffer {
  const { offset, size } = find(bytes, type);
  return bytes.subarray(offset, offset + size);
}

function without(type: string, bytes: Buffer): Buffer {
  const { offset, size } = find(bytes, type);
  return Buffer.concat([bytes.subarray(0, offset), bytes.subarray(offset + size)]);
}

/** The 32-bit field at `at` of the first such box's payload changed. */
function patched(bytes: Buffer, type: string, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  const { offset, header } = find(copy, type);
  copy.writeUInt32BE(value, offset + header + at);
  return copy;
}

/** The first box of a type with another size in its header. */
function resized(bytes: Buffer, type: string, size: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(size, find(copy, type).offset);
  return copy;
}

function renamed(bytes: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(to, copy.indexOf(from, find(copy, 'stsd').offset, 'latin1'), 'latin1');
  return copy;
}

function movieWithEdits(): Buffer {
  const edits = [{ duration: 1000, mediaTime: 0 }];
  return toBytes(progressive(tracksOf(testMedia('moov-last.mp4')).map((track) => ({ ...track, edits }))));
}

function textOnly(): Buffer {
  return toBytes(
    progressive(
      tracksOf(testMedia('tracks.mp4')).filter(({ handler }) => handler === 'sbtl' || handler === 'text'),
    ),
  );
}

/** avcC whose lengthSizeMinusOne gives 3 bytes, which ISO/IEC 14496-15 5.3.3.1.2 does not allow. */
function badNalLengths(): Buffer {
  const bytes = movie();
  const at = bytes.indexOf('avcC', 0, 'latin1') + 4 + 4;
  bytes[at] = 0xfe;
  return bytes;
}

/** A run without durations, sizes or flags of its own can claim any number of samples for free. */
function emptyRunOfMany(): Buffer {
  const whole = toBytes(fragmented([audioTrackOf([10, 10])]));
  const head = whole.subarray(0, find(whole, 'moof').offset);
  const traf = box(
    'traf',
    fullBox('tfhd', 0, 0x20000, u32(1)),
    fullBox('tfdt', 1, 0, u64(0)),
    fullBox('trun', 0, 0, u32(0xffffffff)),
  );
  return Buffer.concat([
    head,
    box('moof', fullBox('mfhd', 0, 0, u32(1)), traf),
    box('mdat', Buffer.alloc(20)),
  ]);
}

function nest(type: string, depth: number): Buffer {
  const headers: Buffer[] = [];
  for (let level = depth; level > 0; level--) headers.push(u32(8 * level), text(type));
  return Buffer.concat(headers);
}

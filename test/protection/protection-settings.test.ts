import { createReadStream, readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type EncryptOptions, encryptStream, type KeySource } from '../../src/index.js';
import { rangeTrack } from '../support/builder/coded.js';
import { fragmented } from '../support/builder/fragmented.js';
import { writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { runCli } from '../support/cli.js';
import { encryptTo, KID } from '../support/jobs.js';
import { boxesIn, readMovie } from '../support/mp4-reader.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const MISSING = temporary('missing.mp4');

type Choice = Pick<EncryptOptions, 'scheme' | 'pattern' | 'ivSize'>;

const REFUSED: { choice: Choice; flags: string[]; message: RegExp }[] = [
  {
    choice: { scheme: 'cbcs', ivSize: 8 },
    flags: ['--scheme', 'cbcs', '--iv-size', '8'],
    message: /scheme cbcs has no IV of 8 bytes/,
  },
  {
    choice: { scheme: 'cbc1', ivSize: 8 },
    flags: ['--scheme', 'cbc1', '--iv-size', '8'],
    message: /scheme cbc1 has no IV of 8 bytes/,
  },
  {
    choice: { pattern: '1:9' },
    flags: ['--pattern', '1:9'],
    message: /scheme cenc encrypts by no pattern/,
  },
  {
    choice: { scheme: 'cbc1', pattern: '5:5' },
    flags: ['--scheme', 'cbc1', '--pattern', '5:5'],
    message: /scheme cbc1 encrypts by no pattern/,
  },
];

describe('combinations that a scheme does not have', () => {
  it.each(REFUSED)('are refused before the input is opened: $choice', async ({ choice, message }) => {
    const refused = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) };
    await expect(encryptTo(MISSING, temporary('out.mp4'), choice)).rejects.toMatchObject(refused);
    const input = Readable.from(unreadable());
    const output = temporary('out.mp4');
    await expect(encryptStream({ input, output, keys: UNASKED, ...choice })).rejects.toMatchObject(refused);
    input.destroy();
    expect(readdirSync(temporary(''))).not.toContain('out.mp4');
  });

  it.each(REFUSED)('are refused by the command line: $flags', async ({ flags, message }) => {
    const { exitCode, stderr } = await runCli(['encrypt', MISSING, temporary('out.mp4'), ...flags]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/next +Leave --(iv-size|pattern) out/);
  });
});

/** Fails when it is read. */
async function* unreadable(): AsyncGenerator<Buffer> {
  yield Buffer.from('');
  throw new Error('the stream was read');
}

/** Fails when it is asked. */
const UNASKED: KeySource = {
  assign: () => {
    throw new Error('keys were asked for');
  },
};

describe('AV1 and VP9', () => {
  const fileOf = (kind: 'av1' | 'vp9', layout: typeof progressive | typeof fragmented = progressive) => {
    const path = temporary(`${kind}.mp4`);
    writePieces(path, layout([rangeTrack(kind)]));
    return path;
  };

  it.each([
    ['av1', 'cens'],
    ['av1', 'cbc1'],
    ['vp9', 'cens'],
    ['vp9', 'cbc1'],
  ] as const)('%s is refused under %s before keys are asked for', async (kind, scheme) => {
    const refused = {
      code: 'UNSUPPORTED_CODEC',
      message: expect.stringContaining(`cannot be protected by ${scheme}`),
      details: { remedy: expect.stringContaining("scheme: 'cenc'") },
    };
    const output = temporary('out.mp4');
    const job = encryptTo(fileOf(kind), output, { scheme, keys: UNASKED });
    await expect(job).rejects.toMatchObject(refused);
    const input = createReadStream(fileOf(kind, fragmented));
    await expect(encryptStream({ input, output, keys: UNASKED, scheme })).rejects.toMatchObject(refused);
    expect(readdirSync(temporary(''))).not.toContain('out.mp4');
  });

  it('warns of VP9 under cbcs, and of nothing else', async () => {
    const warningsOf = async (kind: 'av1' | 'vp9', scheme: 'cenc' | 'cbcs') => {
      const { warnings } = await encryptTo(fileOf(kind), temporary('warned.mp4'), { scheme, force: true });
      return warnings.filter((text) => text.includes('VP9'));
    };
    expect(await warningsOf('vp9', 'cbcs')).toEqual([expect.stringContaining('knows cenc only')]);
    expect(await warningsOf('vp9', 'cenc')).toEqual([]);
    expect(await warningsOf('av1', 'cbcs')).toEqual([]);
  });
});

/*
 * Whole boxes as shaka-packager 3.4.2 writes them, but for KID and constant IV, which stand here as `kid` and `iv`.
 * ISO/IEC 23001-7 8.1, 8.2; 10.
 */
const KNOWN_BOXES = {
  cenc: {
    schm: '000000147363686d0000000063656e6300010000',
    video: '0000002074656e630000000000000108 kid',
    audio: '0000002074656e630000000000000108 kid',
  },
  cbcs: {
    schm: '000000147363686d000000006362637300010000',
    video: '0000003174656e630100000000190100 kid 10 iv',
    audio: '0000003174656e630100000000000100 kid 10 iv',
  },
  cens: {
    schm: '000000147363686d0000000063656e7300010000',
    video: '0000002074656e630100000000190108 kid',
    audio: '0000002074656e630100000000000108 kid',
  },
  cbc1: {
    schm: '000000147363686d000000006362633100010000',
    video: '0000002074656e630000000000000110 kid',
    audio: '0000002074656e630000000000000110 kid',
  },
} as const;

describe('boxes as shaka-packager writes them', () => {
  const schemes = Object.keys(KNOWN_BOXES) as (keyof typeof KNOWN_BOXES)[];

  it.each(schemes)('schm and tenc of %s', async (scheme) => {
    for (const layout of ['fragmented', 'keep'] as const) {
      const path = temporary(`${scheme}.${layout}.mp4`);
      await encryptTo(sample('bars.mp4'), path, { scheme, layout });
      const { tracks } = readMovie(path);
      const known = KNOWN_BOXES[scheme];
      for (const { handler, entries } of tracks) {
        const [{ bytes, tenc }] = entries;
        expect(boxOf(bytes, 'schm')).toBe(known.schm);
        const expected = known[handler === 'vide' ? 'video' : 'audio']
          .replace('kid', KID.replaceAll('-', ''))
          .replace('iv', tenc!.constantIv?.toString('hex') ?? '')
          .replaceAll(' ', '');
        expect(boxOf(bytes, 'tenc')).toBe(expected);
      }
      const constant = tracks.flatMap(({ entries }) => entries[0].tenc!.constantIv?.toString('hex') ?? []);
      expect(new Set(constant).size).toBe(scheme === 'cbcs' ? 2 : 0); // each track has its own
    }
  });

  it.each([
    ['5:5', 0x55],
    ['10:0', 0xa0],
  ] as const)('pattern %s', async (pattern, byte) => {
    const path = temporary('pattern.mp4');
    await encryptTo(sample('bars.mp4'), path, { scheme: 'cbcs', pattern, force: true });
    const [video, audio] = readMovie(path).tracks.map(({ entries }) => boxOf(entries[0].bytes, 'tenc'));
    expect(Number.parseInt(video.slice(26, 28), 16)).toBe(byte);
    expect(Number.parseInt(audio.slice(26, 28), 16)).toBe(0);
  });

  it.each(['fragmented', 'keep'] as const)(
    'no auxiliary boxes for constant IVs of whole samples, %s',
    async (layout) => {
      const path = temporary(`audio.${layout}.mp4`);
      await encryptTo(sample('tone.m4a'), path, { scheme: 'cbcs', layout });
      const { at, top } = readMovie(path);
      const bytes = Buffer.concat(
        top.filter(({ type }) => type !== 'mdat').map(({ offset, size }) => at(offset, size)),
      );
      for (const type of ['senc', 'saiz', 'saio']) expect(bytes.includes(type, 0, 'latin1')).toBe(false);
    },
  );

  it('senc of constant IVs with subsamples: flags 2, entries of 2 + 6n bytes, no IVs', async () => {
    const path = temporary('senc.mp4');
    await encryptTo(sample('bars.mp4'), path, { scheme: 'cbcs', tracks: ['video'] });
    const movie = readMovie(path);
    const moof = movie.top.find(({ type }) => type === 'moof')!;
    const bytes = movie.at(moof.offset, moof.size);
    const senc = childOf(bytes, 'senc');
    const count = senc.readUInt32BE(12);
    expect(senc.readUInt32BE(8)).toBe(2); // version 0, flags 2
    const samples = movie.tracks[0].samples.slice(0, count);
    const sizes = samples.map(({ subsamples }) => 2 + 6 * subsamples!.length);
    expect(senc.length).toBe(16 + sizes.reduce((sum, size) => sum + size, 0));
    const saiz = childOf(bytes, 'saiz');
    expect(saiz.readUInt32BE(8)).toBe(0); // no aux_info_type
    const [fixed, ...others] = new Set(sizes);
    expect(saiz[12]).toBe(others.length === 0 ? fixed : 0);
    expect(saiz.readUInt32BE(13)).toBe(count);
    const saio = childOf(bytes, 'saio');
    expect(saio.readUInt32BE(12)).toBe(1);
    expect(saio.readUInt32BE(16)).toBe(bytes.indexOf('senc', 0, 'latin1') - 4 + 16);
  });
});

/** Hex of the box of that type in a sample entry. */
function boxOf(entry: Buffer, type: string): string {
  return childOf(entry, type).toString('hex');
}

function childOf(bytes: Buffer, type: string): Buffer {
  const at = bytes.indexOf(type, 0, 'latin1') - 4;
  const [{ size }] = boxesIn(bytes.subarray(at, at + bytes.readUInt32BE(at)));
  return bytes.subarray(at, at + size);
}

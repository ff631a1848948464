import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decrypt, encryptStream, inspect } from '../../src/index.js';
import { Collected, streamOf } from '../packager/stream/streams.js';
import { box, fullBox, u8, u16, u32 } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioEntry, audioTrackOf, type BuiltTrack, tracksOf } from '../support/builder/movie.js';
import { type Piece, toBytes, writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptTo, KEY, testKeys, tracesOf } from '../support/jobs.js';
import { readMovie } from '../support/mp4-reader.js';
import { fingerprintsOf } from '../support/sample-hashes.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const playready = { laUrl: 'https://license.example.com/' };

function file(name: string, pieces: Piece[]): string {
  const path = temporary(`${name}.mp4`);
  writePieces(path, pieces);
  return path;
}

const audioOf = (fourcc: string): BuiltTrack => ({
  ...audioTrackOf([480, 960, 480]),
  entries: [audioEntry(fourcc, new Uint8Array())],
});

/** A video entry of 64 × 64 with boxes after its fields. */
const videoEntry = (fourcc: string, ...more: Uint8Array[]) =>
  box(
    fourcc,
    u32(0),
    u16(0, 1),
    u32(0, 0, 0, 0),
    u16(64, 64),
    u32(0x480000, 0x480000, 0),
    u16(1),
    new Uint8Array(32),
    u16(24, 0xffff),
    ...more,
  );

/** An ES descriptor of that object type (ISO/IEC 14496-1 7.2.6.5). */
const esds = (objectType: number) =>
  fullBox(
    'esds',
    0,
    0,
    u8(3, 21),
    u16(1),
    u8(0),
    u8(4, 13, objectType, 0x11, 0, 0, 0),
    u32(0, 0),
    u8(6, 1, 2),
  );

const pictures = (entry: Uint8Array, id = 2): BuiltTrack => ({
  id,
  handler: 'vide',
  timescale: 1000,
  entries: [entry],
  samples: [0, 1, 2].map((i) => ({ data: Buffer.alloc(200, i), duration: 20_000 })),
});

const JPEG = videoEntry('jpeg');
const PNG = videoEntry('mp4v', esds(0x6d));

describe('audio whose whole samples are protected', () => {
  const PLAYED = ['dtsc', 'dtse', 'dtsx', 'mha1', 'mhm1', 'iamf'];
  const UNPLAYED = [
    'ipcm',
    'fpcm',
    'sowt',
    'twos',
    'in24',
    'in32',
    'fl32',
    'fl64',
    'lpcm',
    'raw ',
    'alaw',
    'ulaw',
  ];
  UNPLAYED.push('samr', 'sawb', 'mlpa', 'dtsh', 'dtsl', 'mha2', 'mhm2');

  it.each([...PLAYED, ...UNPLAYED])('%s is encrypted whole, and comes back', async (fourcc) => {
    const input = file(`audio ${fourcc}`, progressive([audioOf(fourcc)]));
    const output = temporary(`audio ${fourcc}.enc.mp4`);
    const back = temporary(`audio ${fourcc}.back.mp4`);
    const { tracks, warnings } = await encryptTo(input, output, { layout: 'keep', playready });
    expect(tracks).toMatchObject([{ encrypted: true, protectedBytes: 1920 }]); // 480 + 960 + 480
    const isWarned = warnings.some((warning) =>
      warning.includes(`No player is known that plays ${fourcc.trim()}`),
    );
    expect(isWarned).toBe(UNPLAYED.includes(fourcc));
    await decrypt({ input: output, output: back, keys: testKeys });
    expect(readFileSync(back).equals(readFileSync(input))).toBe(true);
  });

  it('does not encrypt AC-4 by guess', async () => {
    const output = temporary('ac4.enc.mp4');
    await expect(encryptTo(file('ac4', progressive([audioOf('ac-4')])), output)).rejects.toMatchObject({
      code: 'UNSUPPORTED_CODEC',
      message: expect.stringMatching(/table of contents .* must stay clear/),
    });
    expect(tracesOf(output)).toEqual([]);
  });
});

describe('what other systems protect already', () => {
  it.each([
    ['drms', 'Apple FairPlay'],
    ['aavd', 'Audible'],
  ])('%s is named', async (fourcc, system) => {
    const job = encryptTo(file(fourcc, progressive([audioOf(fourcc)])), temporary('foreign.enc.mp4'));
    await expect(job).rejects.toMatchObject({
      code: 'ALREADY_ENCRYPTED',
      message: `track 1 is protected already, by ${system} (${fourcc})`,
    });
  });

  it('is so whatever the track holds', async () => {
    const captions = {
      ...audioTrackOf([10], 2),
      handler: 'clcp',
      entries: [audioEntry('p608', new Uint8Array())],
    };
    for (const other of [pictures(videoEntry('drmi')), captions]) {
      const job = encryptTo(
        file('mixed', progressive([audioTrackOf([100]), other])),
        temporary('mixed.enc.mp4'),
      );
      await expect(job).rejects.toMatchObject({ code: 'ALREADY_ENCRYPTED' });
    }
  });
});

describe('still pictures', () => {
  it.each([
    ['jpeg', JPEG],
    ['PNG in mp4v', PNG],
  ])('%s are left clear and listed, in every layout', async (name, entry) => {
    const tracks = [audioTrackOf(new Array<number>(100).fill(300)), pictures(entry)];
    const input = file(name, progressive(tracks));
    for (const layout of ['keep', 'fragmented'] as const) {
      const result = await encryptTo(input, temporary(`${name}.${layout}.mp4`), { layout, playready });
      expect(result.tracks).toMatchObject([
        { encrypted: true },
        { id: 2, type: 'video', encrypted: false, samples: 3 },
      ]);
      expect(result.warnings).toEqual([
        expect.stringMatching(/^Track 2 holds still pictures .* left clear\.$/),
      ]);
    }
    const output = new Collected();
    const bytes = toBytes(fragmented(tracks));
    const result = await encryptStream({ input: streamOf(bytes), output, keys: testKeys, playready });
    expect(result.tracks).toMatchObject([{ encrypted: true }, { encrypted: false }]);
  });

  it('beside video need no word', async () => {
    const tracks = [...tracksOf(sample('bars.mp4')), pictures(JPEG, 9)];
    const result = await encryptTo(file('beside', progressive(tracks)), temporary('beside.enc.mp4'), {
      playready,
    });
    expect(result.warnings).toEqual([]);
    expect(result.tracks.filter(({ encrypted }) => !encrypted)).toMatchObject([{ id: 9, codec: 'jpeg' }]);
  });

  it('do not say where fragments begin', async () => {
    // 480 samples of 1024 / 48000 s are 10.24 s: fragments of 2 s, not of the 20 s of each picture
    const tracks = [pictures(JPEG, 1), audioTrackOf(new Array<number>(480).fill(100), 2)];
    const output = temporary('cuts.enc.mp4');
    await encryptTo(file('cuts', progressive(tracks)), output);
    expect(readMovie(output).fragments).toBeGreaterThan(5);
  });

  it('cannot be selected', async () => {
    const input = file('selected', progressive([audioTrackOf([100]), pictures(JPEG)]));
    await expect(encryptTo(input, temporary('s.enc.mp4'), { tracks: [2] })).rejects.toMatchObject({
      code: 'UNSUPPORTED_CODEC',
      message: expect.stringMatching(/still pictures are always left clear/),
    });
    await expect(encryptTo(input, temporary('s.enc.mp4'), { tracks: ['video'] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it.each([
    [0x20, 'MPEG-4 Visual (object type 0x20)'],
    [0x61, 'MPEG-2 Main (object type 0x61)'],
    [0xff, 'an unknown codec (object type 0xff)'],
  ])('are told from moving ones in mp4v: object type %i', async (objectType, name) => {
    const input = file('moving', progressive([pictures(videoEntry('mp4v', esds(objectType)))]));
    await expect(encryptTo(input, temporary('moving.enc.mp4'))).rejects.toMatchObject({
      code: 'UNSUPPORTED_CODEC',
      message: expect.stringContaining(`it holds ${name}`),
    });
  });
});

describe('auxiliary video', () => {
  const tracks = tracksOf(sample('bars.mp4'), 30);
  const [video] = tracks;
  const auxiliary = { ...video!, id: 9, handler: 'auxv' };
  const shapes = {
    progressive: progressive([...tracks, auxiliary]),
    fragments: fragmented([...tracks, auxiliary]),
  };
  const inputs = Object.entries(shapes).map(
    ([shape, pieces]) => [shape, file(`auxv-${shape}`, pieces)] as const,
  );

  it.each(
    inputs.flatMap(([shape, input]) =>
      (['keep', 'fragmented'] as const).map((layout) => ({ shape, input, layout })),
    ),
  )('is encrypted as video: $shape, layout $layout', async ({ shape, input, layout }) => {
    for (const scheme of ['cenc', 'cbcs'] as const) {
      const output = temporary(`auxv-${shape}-${layout}-${scheme}.enc.mp4`);
      const { tracks: reports } = await encryptTo(input, output, { layout, scheme });
      const [main, , aux] = reports;
      expect(aux).toEqual({ ...main, id: 9 });
      expect(aux).toMatchObject({ type: 'video', encrypted: true });
      expect((await inspect(output)).tracks[2]).toMatchObject({ scheme, encrypted: true });
      // By a second implementation, and by this one:
      expect(fingerprintsOf(output, KEY)[2]).toEqual(fingerprintsOf(output, KEY)[0]);
      const clear = temporary(`auxv-${shape}-${layout}-${scheme}.clear.mp4`);
      await decrypt({ input: output, output: clear, keys: testKeys });
      const md5s = (path: string) => fingerprintsOf(path).map((track) => track.map(({ md5 }) => md5));
      expect(md5s(clear)).toEqual(md5s(input));
      expect(md5s(output)[2]).not.toEqual(md5s(input)[2]);
    }
  });

  it('in a stream, too', async () => {
    const output = new Collected();
    const input = streamOf(toBytes(fragmented([...tracks, auxiliary])));
    const result = await encryptStream({ input, output, keys: testKeys });
    expect(result.tracks.map(({ encrypted }) => encrypted)).toEqual([true, true, true]);
  });

  it('is selected as video or by its id, and left out by other ids', async () => {
    const [[, input]] = inputs as [(typeof inputs)[number]];
    const encryptedBy = async (choice: 'video' | 1 | 9) => {
      const { tracks: reports } = await encryptTo(input, temporary(`by-${choice}.mp4`), { tracks: [choice] });
      return reports.filter(({ encrypted }) => encrypted).map(({ id }) => id);
    };
    expect(await encryptedBy('video')).toEqual([1, 9]);
    expect(await encryptedBy(9)).toEqual([9]);
    expect(await encryptedBy(1)).toEqual([1]);
  });

  it('without main video says where fragments are cut', async () => {
    const sound = tracks[1]!;
    const input = file('auxv-alone', progressive([sound, auxiliary]));
    const output = temporary('auxv-alone.enc.mp4');
    await encryptTo(input, output, { fragmentDurationSeconds: 0.5 });
    const beside = temporary('vide-alone.enc.mp4');
    await encryptTo(file('vide-alone', progressive([sound, { ...video!, id: 9 }])), beside, {
      fragmentDurationSeconds: 0.5,
    });
    const fragmentsOf = async (path: string) => (await inspect(path)).fragments;
    expect(await fragmentsOf(output)).toBe(await fragmentsOf(beside));
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(beside, KEY));
  });

  it('is refused by name where its codec is unknown', async () => {
    const strange = { ...auxiliary, entries: [videoEntry('xxxx')] };
    const job = encryptTo(file('auxv-strange', progressive([...tracks, strange])), temporary('strange.mp4'));
    await expect(job).rejects.toMatchObject({ code: 'UNSUPPORTED_CODEC', details: { received: 'xxxx' } });
  });
});

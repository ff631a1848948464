import { box, fullBox, text } from './builder/boxes.js';
import { fragmented } from './builder/fragmented.js';
import { audioEntry, audioTrackOf, type BuiltTrack, tracksOf } from './builder/movie.js';
import { type Piece, toBytes } from './builder/pieces.js';
import { progressive } from './builder/progressive.js';
import { sample, testMedia } from './samples.js';

/** A legal file of an unusual shape, made when it is asked for. */
export interface Shape {
  readonly name: string;
  readonly make: () => Piece[];
  /** Whether ffmpeg reads the shape as the standard has it; default true. */
  readonly ffmpegReads?: boolean;
  /** Why the layout cannot be kept; default: it can. */
  readonly cannotKeep?: string;
}

const av = () => tracksOf(testMedia('moov-last.mp4'));
const UDTA = box('udta', fullBox('meta', 0, 0, box('hdlr', Buffer.alloc(25))), box('\xa9nam', text('bars')));
const UNKNOWN = box('abcd', text('nobody knows this box'));
const FREE = box('free', Buffer.alloc(40));

const ID3V1 = Buffer.concat([text('TAG'), text('bars'), Buffer.alloc(121)]);

/** The last mdat claims 37 bytes more than the file has. */
function claimingMore(pieces: readonly Piece[]): Piece[] {
  const bytes = toBytes(pieces);
  const at = bytes.lastIndexOf('mdat', undefined, 'latin1') - 4;
  bytes.writeUInt32BE(bytes.readUInt32BE(at) + 37, at);
  return [bytes];
}

/** Composition offsets made negative, as `cslg`-less version 1 tables have them. */
function shiftedBack(tracks: BuiltTrack[]): BuiltTrack[] {
  return tracks.map((track) => ({
    ...track,
    samples: track.samples.map((one) => ({ ...one, cto: (one.cto ?? 0) - 1024 })),
  }));
}

function withEntries(tracks: BuiltTrack[]): BuiltTrack[] {
  return tracks.map((track) => ({
    ...track,
    entries: [...track.entries, ...track.entries],
    samples: track.samples.map((one, i) => ({ ...one, entry: i < track.samples.length / 2 ? 0 : 1 })),
  }));
}

function withEdits(tracks: BuiltTrack[]): BuiltTrack[] {
  const edits = [
    { duration: 120, mediaTime: -1 },
    { duration: 1500, mediaTime: 1024 },
  ];
  return tracks.map((track) => ({ ...track, edits, trakBoxes: [UNKNOWN] }));
}

/** One track has no samples at all. */
function withEmptyTrack(tracks: BuiltTrack[]): BuiltTrack[] {
  return [...tracks, { ...audioTrackOf([], 9), samples: [] }];
}

/** The third picture has no bytes, as writers mark a frame that is to be shown on. */
function withEmptyPicture(tracks: BuiltTrack[]): BuiltTrack[] {
  return tracks.map((track) => ({
    ...track,
    samples: track.samples.map((one, i) => (i === 2 ? { ...one, data: new Uint8Array() } : one)),
  }));
}

/** One track, a sample a fragment: more fragments than an output is read back by at a time. */
const sound = (samples: number) => tracksOf(sample('tone.m4a'), samples);
/** Two tracks of as many samples. */
const twoSounds = (samples: number) => [...sound(samples), { ...sound(samples)[0], id: 2 }];

/** Sizes at the edges of cipher blocks and of 16-bit fields; no rule of audio leaves a byte clear. */
const EDGE_SIZES = [1, 15, 16, 17, 31, 32, 33, 4095, 65535, 65536, 65537, 131071, 200000];

/** Version 1, profile and level 12, layout 6, no configuration (ISO/IEC 23008-3 20.5). */
const mhaC = box('mhaC', Buffer.from('010c060000', 'hex'));

/** Progressive and fragmented shapes that ISO/IEC 14496-12 allows and that encoders in the field write. */
export const SHAPES: readonly Shape[] = [
  { name: 'co64', make: () => progressive(av(), { offsets: 'co64' }) },
  { name: '64-bit mdat', make: () => progressive(av(), { mdatSize: 64 }) },
  { name: 'mdat to the end of the file', make: () => progressive(av(), { mdatSize: 0 }) },
  {
    name: 'several mdats',
    make: () => progressive(av(), { mdats: 4, betweenMdats: [FREE], moovBoxes: [UDTA] }),
  },
  { name: 'moov last, trailing bytes', make: () => progressive(av(), { moov: 'last', trailing: UNKNOWN }) },
  {
    name: 'trailing bytes that are no box',
    make: () => progressive(av(), { trailing: Buffer.from([0, 0, 0]) }),
  },
  {
    name: 'sample entries that end with four zeros',
    make: () =>
      progressive([{ ...audioTrackOf([100, 200]), entries: [audioEntry('.mp3', Buffer.alloc(4))] }]),
    ffmpegReads: false,
  },
  { name: 'trailing zeros', make: () => progressive(av(), { trailing: Buffer.alloc(64) }) },
  { name: 'trailing ID3v1 tag', make: () => progressive(av(), { trailing: ID3V1, mdatSize: 64 }) },
  { name: 'mdat too long', make: () => claimingMore(progressive(av())) },
  {
    name: 'fragments, trailing zeros',
    make: () => fragmented(av(), { sidx: 'flat', trailing: Buffer.alloc(4096) }),
  },
  { name: 'fragments, trailing ID3v1 tag', make: () => fragmented(av(), { mfra: true, trailing: ID3V1 }) },
  { name: 'fragments, last mdat too long', make: () => claimingMore(fragmented(av())) },
  {
    name: 'free and wide before mdat',
    make: () => progressive(av(), { beforeMdat: [FREE, box('wide'), UNKNOWN] }),
  },
  { name: 'a chunk a sample', make: () => progressive(av(), { chunkSamples: 1 }) },
  { name: 'one chunk a track', make: () => progressive(av(), { chunkSamples: 1000 }) },
  { name: 'stz2 of 16 bits', make: () => progressive(av(), { sizes: 'stz2' }) },
  {
    name: 'stz2 of 8 bits',
    make: () => progressive([audioTrackOf([3, 200, 1, 255, 77])], { sizes: 'stz2', chunkSamples: 2 }),
    ffmpegReads: false,
  },
  {
    name: 'stz2 of 4 bits',
    make: () => progressive([audioTrackOf([3, 15, 1, 7, 9])], { sizes: 'stz2', chunkSamples: 2 }),
    ffmpegReads: false,
  },
  { name: 'negative composition offsets', make: () => progressive(shiftedBack(av())) },
  // ffmpeg leaves out what the edit cuts off.
  { name: 'edit lists', make: () => progressive(withEdits(av())), ffmpegReads: false },
  { name: 'two sample entries', make: () => progressive(withEntries(av())) },
  { name: 'an empty track', make: () => progressive(withEmptyTrack(av())) },
  { name: 'edge sizes', make: () => progressive([audioTrackOf(EDGE_SIZES)]), ffmpegReads: false },
  { name: 'empty samples', make: () => progressive([audioTrackOf([0, 5, 0, 20, 0])]), ffmpegReads: false },
  { name: 'an empty picture', make: () => progressive(withEmptyPicture(av())), ffmpegReads: false },
  { name: 'fragments, an empty picture', make: () => fragmented(withEmptyPicture(av())), ffmpegReads: false },
  {
    name: 'MPEG-H',
    make: () => progressive([{ ...audioTrackOf([500, 600, 700]), entries: [audioEntry('mha1', mhaC)] }]),
    ffmpegReads: false,
  },
  { name: 'fragments', make: () => fragmented(av()) },
  { name: 'absolute bases', make: () => fragmented(av(), { base: 'absolute' }) },
  { name: 'implied bases', make: () => fragmented(av(), { base: 'implied', sidx: 'flat' }) },
  { name: 'bases in the media', make: () => fragmented(av(), { base: 'media', sidx: 'flat', mfra: true }) },
  {
    name: 'bases in the media, several runs',
    make: () => fragmented(av(), { base: 'media', trafs: 2, runs: 2 }),
  },
  {
    name: 'bases in the media, last mdat to the end',
    make: () => fragmented(av(), { base: 'media', mdatSize: 0 }),
    cannotKeep: 'nothing can be put behind an mdat that has no end',
  },
  { name: 'several runs', make: () => fragmented(av(), { runs: 3 }) },
  { name: 'several track fragments of a track', make: () => fragmented(av(), { trafs: 2, runs: 2 }) },
  { name: 'flat sidx and mfra', make: () => fragmented(av(), { sidx: 'flat', mfra: true }) },
  { name: 'sidx spanning moofs', make: () => fragmented(av(), { sidx: 'spanning' }) },
  {
    name: 'nested sidx',
    make: () => fragmented(av(), { sidx: 'nested', mfra: true }),
    ffmpegReads: false,
  },
  { name: 'a sidx a fragment', make: () => fragmented(av(), { sidx: 'each', unknown: true }) },
  {
    name: 'fragments with unknown boxes and 64-bit mdats',
    make: () => fragmented(av(), { unknown: true, mdatSize: 64, moovBoxes: [UDTA, UNKNOWN], mfra: true }),
  },
  { name: 'fragments, last mdat to the end', make: () => fragmented(av(), { mdatSize: 0 }) },
  { name: 'fragments with edit lists', make: () => fragmented(withEdits(av())) },
  { name: 'fragments with negative offsets', make: () => fragmented(shiftedBack(av())) },
  {
    name: 'fragments with an empty track',
    make: () => fragmented(withEmptyTrack(av())),
  },
  {
    name: 'fragments of one sample',
    make: () => fragmented(sound(40), { fragmentSamples: 1 }),
  },
  {
    name: '150 fragments of one sample',
    make: () => fragmented(twoSounds(150), { fragmentSamples: 1 }),
  },
  {
    name: 'fragments that jump in time, each 64th',
    make: () =>
      fragmented(twoSounds(200), { fragmentSamples: 1, delay: (_, i) => (i % 64 === 0 ? 5000 : 0) }),
  },
  {
    name: 'fragments that jump in time, in one track',
    make: () =>
      fragmented(twoSounds(150), {
        fragmentSamples: 1,
        delay: (track, i) => (track === 1 && [1, 64, 65, 100, 128].includes(i) ? 3000 : 0),
      }),
  },
  {
    name: 'fragments that jump in time, low latency',
    make: () =>
      fragmented(twoSounds(130), { fragmentSamples: 1, delay: (track) => (track === 0 ? 1024 : 0) }),
  },
  {
    name: 'fragments with empty track fragments',
    make: () => fragmented(twoSounds(70), { fragmentSamples: 1, emptyTrafs: true }),
  },
  {
    name: 'fragments with empty track fragments, jumps in time',
    make: () =>
      fragmented([...sound(130), { ...sound(70)[0], id: 2 }], {
        fragmentSamples: 1,
        emptyTrafs: true,
        delay: (track, i) => (i % 64 === track ? 4000 : 0),
      }),
  },
  { name: 'fragments, edge sizes', make: () => fragmented([audioTrackOf(EDGE_SIZES)]), ffmpegReads: false },
  {
    name: 'fragments, empty samples',
    make: () => fragmented([audioTrackOf([0, 5, 0, 20, 0])], { fragmentSamples: 2 }),
    ffmpegReads: false,
  },
];

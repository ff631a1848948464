import { box, fullBox, header, text, u16, u32, u64, uuidBox } from './boxes.js';
import { type BuiltSample, type BuiltTrack, moovBox } from './movie.js';
import { type Piece, totalSize } from './pieces.js';

export interface FragmentedShape {
  /** Samples of each track a fragment. Default 10. */
  readonly fragmentSamples?: number;
  /**
   * What run offsets count from: the moof, its absolute offset, the absolute offset of the mdat's body, or what
   * ISO/IEC 14496-12 8.8.7 says without either.
   */
  readonly base?: 'moof' | 'absolute' | 'media' | 'implied';
  /** Runs a track fragment, and track fragments of the same track a moof. Default 1 each. */
  readonly runs?: number;
  readonly trafs?: number;
  /** Ticks by which a track's time is late from a fragment (counted from 0) on, summed up. Default 0. */
  readonly delay?: (track: number, fragment: number) => number;
  /** Before the samples of each track, a track fragment without any, whose `tfdt` says another time. */
  readonly emptyTrafs?: boolean;
  /** One reference a fragment, one for every two fragments, an index of indexes, or one index a fragment. */
  readonly sidx?: 'flat' | 'spanning' | 'nested' | 'each';
  /** Random access index at the end. */
  readonly mfra?: boolean;
  /** Empty boxes of unknown types in moof and between fragments. */
  readonly unknown?: boolean;
  readonly mdatSize?: 32 | 64 | 0;
  /** Where the samples' aux goes: `senc` with saiz and saio, `senc` alone, or a PIFF uuid box. */
  readonly aux?: 'senc' | 'senc-only' | 'piff';
  readonly moovBoxes?: readonly Uint8Array[];
  readonly trailing?: Uint8Array;
}

interface Run {
  readonly samples: readonly BuiltSample[];
  /** Offset of its first byte inside the mdat body. */
  readonly bodyOffset: number;
}

interface Traf {
  readonly track: BuiltTrack;
  readonly dts: number;
  readonly runs: readonly Run[];
}

const PIFF_SENC = 'a2394f52-5a9b-4f14-a244-6c427c648df4';

/** Lays tracks out as a fragmented file. */
export function fragmented(tracks: readonly BuiltTrack[], shape: FragmentedShape = {}): Piece[] {
  const ftyp = box('ftyp', text('iso6'), u32(0x200), text('iso6cmfcmp41'));
  const trexes = tracks.map(({ id }) => fullBox('trex', 0, 0, u32(id, 1, 0, 0, 0)));
  const mvex = box('mvex', ...trexes);
  const moov = moovBox(tracks, emptyTables, [mvex, ...(shape.moovBoxes ?? [])]);
  const count = Math.max(
    ...tracks.map(({ samples }) => Math.ceil(samples.length / (shape.fragmentSamples ?? 10))),
  );
  const start = totalSize([ftyp, moov]);
  // Sizes do not depend on offsets: measure the fragments, then write them where they come to lie.
  const measured = Array.from({ length: count }, (_, i) => fragmentAt(tracks, shape, i, 0, i === count - 1));
  const indexes = sidxBoxes(
    tracks,
    shape,
    measured.map((pieces) => totalSize(pieces)),
  );
  const pieces: Piece[] = [ftyp, moov];
  const moofOffsets: number[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    const index = indexes[i] ?? [];
    const moofAt = at + totalSize(index);
    const fragment = fragmentAt(tracks, shape, i, moofAt, i === count - 1);
    moofOffsets.push(moofAt);
    pieces.push(...index, ...fragment);
    at = moofAt + totalSize(fragment);
  }
  if (shape.mfra) pieces.push(mfraBox(tracks, moofOffsets));
  if (shape.trailing) pieces.push(shape.trailing);
  return pieces;
}

function emptyTables(): Buffer[] {
  return [
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)),
  ];
}

function fragmentAt(
  tracks: readonly BuiltTrack[],
  shape: FragmentedShape,
  index: number,
  moofAt: number,
  isLast: boolean,
): Piece[] {
  const { trafs, body } = planFragment(tracks, shape, index);
  const form = shape.mdatSize === 0 && !isLast ? 32 : (shape.mdatSize ?? 32);
  const mdat = header('mdat', body.length, form);
  const size = moofBox(trafs, shape, index, moofAt, 0, mdat.length).length;
  const moof = moofBox(trafs, shape, index, moofAt, size, mdat.length);
  return [moof, mdat, body, ...(shape.unknown && form !== 0 ? [box('xyz1', u32(index))] : [])];
}

function planFragment(tracks: readonly BuiltTrack[], shape: FragmentedShape, index: number) {
  const perFragment = shape.fragmentSamples ?? 10;
  const trafs: Traf[] = [];
  const parts: Uint8Array[] = [];
  for (const track of tracks) {
    const samples = track.samples.slice(index * perFragment, (index + 1) * perFragment);
    let dts = track.samples.slice(0, index * perFragment).reduce((sum, { duration }) => sum + duration, 0);
    for (let i = 0; i <= index; i++) dts += shape.delay?.(tracks.indexOf(track), i) ?? 0;
    if (shape.emptyTrafs) trafs.push({ track, dts: dts + 77, runs: [] });
    if (samples.length === 0) continue;
    for (const part of split(samples, shape.trafs ?? 1)) {
      const runs = split(part, shape.runs ?? 1).map((run) => {
        const bodyOffset = totalSize(parts);
        parts.push(...run.map(({ data }) => data));
        return { samples: run, bodyOffset };
      });
      trafs.push({ track, dts, runs });
      dts += part.reduce((sum, { duration }) => sum + duration, 0);
    }
  }
  return { trafs, body: Buffer.concat(parts) };
}

/** Cuts a list into so many parts of about the same length, none empty. */
function split<T>(list: readonly T[], parts: number): T[][] {
  const cut = (i: number) => Math.floor((i * list.length) / parts);
  return Array.from({ length: parts }, (_, i) => list.slice(cut(i), cut(i + 1))).filter(
    ({ length }) => length > 0,
  );
}

function moofBox(
  trafs: readonly Traf[],
  shape: FragmentedShape,
  index: number,
  moofAt: number,
  moofSize: number,
  mdatHeader: number,
): Buffer {
  const mfhd = fullBox('mfhd', 0, 0, u32(index + 1));
  const more = shape.unknown ? [box('xyz0')] : [];
  const bodyAt = moofSize + mdatHeader;
  let at = 8 + mfhd.length + more.reduce((sum, { length }) => sum + length, 0);
  let endOfData = 0;
  const boxes = trafs.map((traf) => {
    const implied = endOfData;
    const base = { moof: 0, absolute: moofAt, media: moofAt + bodyAt, implied }[shape.base ?? 'moof'];
    const built = trafBox(traf, shape, base, bodyAt, at);
    at += built.length;
    const last = traf.runs.at(-1);
    if (last) endOfData = bodyAt + last.bodyOffset + totalSize(last.samples.map(({ data }) => data));
    return built;
  });
  return box('moof', mfhd, ...more, ...boxes);
}

/** `at`: where the traf starts inside the moof. */
function trafBox(traf: Traf, shape: FragmentedShape, base: number, bodyAt: number, at: number): Buffer {
  const entry = (traf.runs[0]?.samples[0].entry ?? 0) + 1;
  const id = traf.track.id;
  const tfhd = {
    moof: () => fullBox('tfhd', 0, 0x20002, u32(id, entry)),
    absolute: () => fullBox('tfhd', 0, 0x3, u32(id), u64(base), u32(entry)),
    media: () => fullBox('tfhd', 0, 0x3, u32(id), u64(base), u32(entry)),
    implied: () => fullBox('tfhd', 0, 0x2, u32(id, entry)),
  }[shape.base ?? 'moof']();
  const tfdt = fullBox('tfdt', 1, 0, u64(traf.dts));
  // Run offsets count from the base: where that is not the moof, it is so many bytes behind it.
  const from = { moof: 0, absolute: 0, media: bodyAt, implied: base }[shape.base ?? 'moof'];
  const runs = traf.runs.map(({ samples, bodyOffset }) => trunBox(samples, bodyAt + bodyOffset - from));
  const before = 8 + tfhd.length + tfdt.length + runs.reduce((sum, { length }) => sum + length, 0);
  return box('traf', tfhd, tfdt, ...runs, ...auxBoxes(traf, shape, at + before - from));
}

function trunBox(samples: readonly BuiltSample[], dataOffset: number): Buffer {
  const rows = samples.map(({ duration, data, sync, cto }) =>
    u32(duration, data.length, sync === false ? 0x1010000 : 0x2000000, cto ?? 0),
  );
  return fullBox('trun', 1, 0xf01, u32(samples.length, dataOffset), ...rows);
}

/** `at`: where these boxes start, counted as saio counts. */
function auxBoxes({ runs }: Traf, shape: FragmentedShape, at: number): Buffer[] {
  if (!shape.aux) return [];
  const infos = runs.flatMap(({ samples }) => samples.flatMap((sample) => sample.aux ?? []));
  const aux = infos.map(({ iv, map }) => Buffer.concat([iv, map]));
  const flags = infos.some(({ map }) => map.length > 0) ? 2 : 0;
  if (shape.aux === 'piff') return [uuidBox(PIFF_SENC, 0, flags, u32(aux.length), ...aux)];
  const senc = fullBox('senc', 0, flags, u32(aux.length), ...aux);
  if (shape.aux === 'senc-only') return [senc];
  const sizes = Buffer.from(aux.map(({ length }) => length));
  const saiz = fullBox('saiz', 0, 0, Buffer.from([0]), u32(aux.length), sizes);
  return [senc, saiz, fullBox('saio', 0, 0, u32(1, at + 16))];
}

/** Boxes to put before each fragment, by its index. */
function sidxBoxes(
  tracks: readonly BuiltTrack[],
  shape: FragmentedShape,
  sizes: readonly number[],
): readonly (readonly Buffer[])[] {
  const [track] = tracks;
  const seconds = (index: number) => {
    const count = shape.fragmentSamples ?? 10;
    const samples = track.samples.slice(index * count, (index + 1) * count);
    return samples.reduce((sum, { duration }) => sum + duration, 0);
  };
  const start = (index: number) =>
    Array.from({ length: index }, (_, i) => seconds(i)).reduce((a, b) => a + b, 0);
  const reference = (size: number, duration: number, isIndex: boolean) =>
    u32(isIndex ? size + 0x80000000 : size, duration, 0x90000000);
  const sidx = (first: number, references: readonly Buffer[]) =>
    fullBox(
      'sidx',
      0,
      0,
      u32(track.id, track.timescale, start(first), 0),
      u16(0, references.length),
      ...references,
    );
  const single = sizes.map((size, i) => reference(size, seconds(i), false));
  switch (shape.sidx) {
    case 'flat':
      return [[sidx(0, single)]];
    case 'spanning': {
      const pairs = sizes.flatMap((size, i) =>
        i % 2 ? [] : [reference(size + (sizes[i + 1] ?? 0), seconds(i) + seconds(i + 1), false)],
      );
      return [[sidx(0, pairs)]];
    }
    case 'each':
      return single.map((one, i) => [sidx(i, [one])]);
    case 'nested': {
      const inner = single.map((one, i) => sidx(i, [one]));
      const outer = sidx(
        0,
        inner.map((one, i) => reference(one.length + sizes[i], seconds(i), true)),
      );
      return inner.map((one, i) => (i === 0 ? [outer, one] : [one]));
    }
    default:
      return [];
  }
}

function mfraBox(tracks: readonly BuiltTrack[], moofOffsets: readonly number[]): Buffer {
  const tfras = tracks.map(({ id }) =>
    fullBox(
      'tfra',
      1,
      0,
      u32(id, 0, moofOffsets.length),
      ...moofOffsets.map((offset, i) => [u64(i, offset), Buffer.from([1, 1, 1])]),
    ),
  );
  const size = 8 + tfras.reduce((sum, { length }) => sum + length, 0) + 16;
  return box('mfra', ...tfras, fullBox('mfro', 0, 0, u32(size)));
}

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * A second, independent reader of MP4 files for tests: it trusts its input, knows nothing of src/, and answers one
 * question, which samples with which times and which Common Encryption data does this file hold. Sample auxiliary
 * information is found through saiz and saio, and must then be what `senc` holds, so a wrong saio cannot hide.
 */
export interface ReadSample {
  readonly offset: number;
  readonly size: number;
  /** Decode time and duration, in the track's timescale. */
  readonly dts: number;
  readonly duration: number;
  /** Composition offset: composition time minus decode time. */
  readonly cto: number;
  readonly sync: boolean;
  /** Index into the track's `entries`. */
  readonly entry: number;
  /** Of the sample, or the constant one of its entry. */
  readonly iv?: Buffer;
  /** Clear and protected bytes by turns; absent where the whole sample is protected. */
  readonly subsamples?: readonly (readonly [clear: number, hidden: number])[];
  /** Of its key group (`seig`), where the fragment has one. */
  readonly groupKid?: string;
}

export interface ReadEntry {
  /** Fourcc as written, `encv` for encrypted video. */
  readonly fourcc: string;
  /** Fourcc of the codec, from `frma` where the entry is encrypted. */
  readonly codec: string;
  /** The whole sample entry box. */
  readonly bytes: Buffer;
  readonly tenc?: ReadTenc;
}

export interface ReadTenc {
  readonly version: number;
  /** Four-character code in `schm`. */
  readonly scheme: string;
  /** Blocks that are encrypted and skipped by turns; 0:0 is no pattern. */
  readonly pattern: readonly [crypt: number, skip: number];
  readonly ivSize: number;
  readonly kid: string;
  /** Of all samples, where the size of their own IVs is 0. */
  readonly constantIv?: Buffer;
}

export interface ReadTrack {
  readonly id: number;
  readonly handler: string;
  readonly timescale: number;
  readonly entries: readonly ReadEntry[];
  /** segment_duration (movie timescale) and media_time (track timescale) of each edit. */
  readonly edits: readonly { readonly duration: number; readonly mediaTime: number }[];
  readonly samples: readonly ReadSample[];
}

export interface ReadMovie {
  readonly timescale: number;
  readonly tracks: readonly ReadTrack[];
  /** Top-level boxes in file order. */
  readonly top: readonly Box[];
  readonly pssh: readonly Buffer[];
  /** Bytes of the file, from `offset` on. */
  at(offset: number, size: number): Buffer;
  /** Number of `moof` boxes. */
  readonly fragments: number;
  /** The `moof` boxes, in file order. */
  readonly moofs: readonly Node[];
}

export interface Box {
  readonly type: string;
  /** Absolute file offset of the box, its size, and its header's size. */
  readonly offset: number;
  readonly size: number;
  readonly header: number;
}

interface Track {
  id: number;
  handler: string;
  timescale: number;
  entries: ReadEntry[];
  edits: { duration: number; mediaTime: number }[];
  samples: ReadSample[];
  nextDts: number;
}

interface TrackDefaults {
  readonly entry: number;
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

const CONTAINERS = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'mvex', 'edts', 'moof', 'traf'];

/** A box loaded into memory, with its children when it is a container. */
export class Node {
  readonly children: Node[] = [];
  constructor(
    readonly box: Box,
    /** The box's payload. */
    readonly data: Buffer,
  ) {
    if (!CONTAINERS.includes(box.type)) return;
    for (const child of boxesIn(data, box.offset + box.header)) {
      const start = child.offset - box.offset - box.header;
      this.children.push(new Node(child, data.subarray(start + child.header, start + child.size)));
    }
  }
  get(path: string): Node | undefined {
    return path.split('/').reduce<Node | undefined>((node, type) => node?.all(type)[0], this);
  }
  all(type: string): Node[] {
    return this.children.filter((child) => child.box.type === type);
  }
  get version(): number {
    return this.data[0];
  }
  get flags(): number {
    return this.data.readUIntBE(1, 3);
  }
  u32(at: number): number {
    return this.data.readUInt32BE(at);
  }
  u64(at: number): number {
    return Number(this.data.readBigUInt64BE(at));
  }
}

/** Boxes that lie side by side in a buffer whose first byte is at `base` of the file. */
export function boxesIn(data: Buffer, base = 0): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= data.length; ) {
    const box = boxAt(data.subarray(at, at + 16), base + at, base + data.length);
    boxes.push(box);
    at += box.size;
  }
  return boxes;
}

function boxAt(head: Buffer, offset: number, end: number): Box {
  const type = head.toString('latin1', 4, 8);
  const size = head.readUInt32BE(0);
  if (size === 1) return { type, offset, size: Number(head.readBigUInt64BE(8)), header: 16 };
  if (size === 0) return { type, offset, size: end - offset, header: 8 };
  if (size < 8) throw new Error(`box ${type} at ${offset} has size ${size}`);
  return { type, offset, size: Math.min(size, end - offset), header: 8 };
}

/** Reads a file's movie. The file may be larger than memory: media bytes are read on demand. */
export function readMovie(path: string): ReadMovie {
  const at = (offset: number, size: number) => readRange(path, offset, size);
  const top = topLevel(path);
  const load = (box: Box) => new Node(box, at(box.offset + box.header, box.size - box.header));
  const moovBox = top.find((box) => box.type === 'moov');
  if (!moovBox) throw new Error(`${path} has no moov`);
  const moov = load(moovBox);
  const tracks = moov.all('trak').map((trak) => readTrack(trak, at));
  const defaults = new Map(
    moov
      .get('mvex')
      ?.all('trex')
      .map((trex) => [trex.u32(4), trackDefaults(trex)]),
  );
  const moofs = top.filter((box) => box.type === 'moof').map(load);
  for (const moof of moofs) readMoof(moof, tracks, defaults, at);
  const mvhd = moov.get('mvhd')!;
  const pssh = moov.all('pssh').map(({ box }) => at(box.offset, box.size));
  return {
    timescale: mvhd.u32(mvhd.version === 1 ? 20 : 12),
    tracks,
    top,
    pssh,
    at,
    fragments: moofs.length,
    moofs,
  };
}

function topLevel(path: string): Box[] {
  const boxes: Box[] = [];
  const end = sizeOf(path);
  for (let offset = 0; offset + 8 <= end; ) {
    const box = boxAt(readRange(path, offset, Math.min(16, end - offset)), offset, end);
    boxes.push(box);
    offset += box.size;
  }
  return boxes;
}

function withFile<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, 'r');
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function sizeOf(path: string): number {
  return withFile(path, (fd) => fstatSync(fd).size);
}

function readRange(path: string, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const got = withFile(path, (fd) => readSync(fd, bytes, 0, size, offset));
  if (got !== size) throw new Error(`${path}: ${size} bytes at ${offset} run past its end`);
  return bytes;
}

function readTrack(trak: Node, at: ReadMovie['at']): Track {
  const tkhd = trak.get('tkhd')!;
  const mdhd = trak.get('mdia/mdhd')!;
  const stbl = trak.get('mdia/minf/stbl')!;
  const track: Track = {
    id: tkhd.u32(tkhd.version === 1 ? 20 : 12),
    handler: trak.get('mdia/hdlr')!.data.toString('latin1', 8, 12),
    timescale: mdhd.u32(mdhd.version === 1 ? 20 : 12),
    entries: readEntries(stbl.get('stsd')!),
    edits: readEdits(trak.get('edts/elst')),
    samples: [],
    nextDts: 0,
  };
  addTableSamples(track, stbl);
  attachAux(track, 0, stbl, 0, at);
  return track;
}

function readEdits(elst: Node | undefined): Track['edits'] {
  if (!elst) return [];
  const long = elst.version === 1;
  return Array.from({ length: elst.u32(4) }, (_, i) => {
    const entry = elst.data.subarray(8 + i * (long ? 20 : 12));
    return long
      ? { duration: Number(entry.readBigUInt64BE(0)), mediaTime: Number(entry.readBigInt64BE(8)) }
      : { duration: entry.readUInt32BE(0), mediaTime: entry.readInt32BE(4) };
  });
}

function readEntries(stsd: Node): ReadEntry[] {
  const body = stsd.data.subarray(8);
  return boxesIn(body).map(({ offset, size, type }) => {
    const bytes = body.subarray(offset, offset + size);
    const sinf = bytes.indexOf('sinf', 0, 'latin1');
    if (!type.startsWith('enc') || sinf < 0) return { fourcc: type, codec: type, bytes };
    const frma = bytes.indexOf('frma', sinf, 'latin1') + 4;
    const schm = bytes.indexOf('schm', sinf, 'latin1') + 8;
    const tenc = bytes.subarray(bytes.indexOf('tenc', sinf, 'latin1') + 4);
    return {
      fourcc: type,
      codec: bytes.toString('latin1', frma, frma + 4),
      bytes,
      tenc: readTenc(tenc, bytes.toString('latin1', schm, schm + 4)),
    };
  });
}

function readTenc(body: Buffer, scheme: string): ReadTenc {
  const version = body[0];
  const ivSize = body[7];
  return {
    version,
    scheme,
    pattern: version > 0 ? [body[5] >> 4, body[5] & 15] : [0, 0],
    ivSize,
    kid: uuid(body.subarray(8, 24)),
    ...(ivSize === 0 && { constantIv: body.subarray(25, 25 + body[24]) }),
  };
}

function uuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function addTableSamples(track: Track, stbl: Node): void {
  const sizes = readSizes(stbl);
  const durations = readRuns(stbl.get('stts'), (node, at) => node.u32(at));
  const ctts = stbl.get('ctts');
  const offsets = readRuns(ctts, (node, at) => node.data.readInt32BE(at));
  const stss = stbl.get('stss');
  const syncs = stss && new Set(Array.from({ length: stss.u32(4) }, (_, i) => stss.u32(8 + 4 * i)));
  let index = 0;
  for (const chunk of readChunks(stbl)) {
    let offset = chunk.offset;
    for (let i = 0; i < chunk.samples; i++, index++) {
      const size = sizes[index];
      const duration = durations[index];
      const sync = syncs ? syncs.has(index + 1) : true;
      const entry = chunk.entry - 1;
      track.samples.push({
        offset,
        size,
        dts: track.nextDts,
        duration,
        cto: offsets[index] ?? 0,
        sync,
        entry,
      });
      offset += size;
      track.nextDts += duration;
    }
  }
  if (index !== sizes.length)
    throw new Error(`track ${track.id}: ${index} samples in chunks, ${sizes.length} sizes`);
}

function readSizes(stbl: Node): number[] {
  const stsz = stbl.get('stsz');
  if (stsz) {
    const fixed = stsz.u32(4);
    return Array.from({ length: stsz.u32(8) }, (_, i) => fixed || stsz.u32(12 + 4 * i));
  }
  const stz2 = stbl.get('stz2')!;
  const bits = stz2.data[7];
  return Array.from({ length: stz2.u32(8) }, (_, i) => {
    if (bits === 16) return stz2.data.readUInt16BE(12 + 2 * i);
    if (bits === 8) return stz2.data[12 + i];
    return (stz2.data[12 + (i >> 1)] >> (i % 2 === 0 ? 4 : 0)) & 15;
  });
}

/** A run-length coded table (stts, ctts), one value a sample. */
function readRuns(node: Node | undefined, value: (node: Node, at: number) => number): number[] {
  const values: number[] = [];
  if (!node) return values;
  for (let i = 0; i < node.u32(4); i++) {
    const count = node.u32(8 + 8 * i);
    for (let n = 0; n < count; n++) values.push(value(node, 12 + 8 * i));
  }
  return values;
}

function readChunks(stbl: Node): { offset: number; samples: number; entry: number }[] {
  const stco = stbl.get('stco');
  const co64 = stbl.get('co64');
  const table = (stco ?? co64)!;
  const stsc = stbl.get('stsc')!;
  const runs = Array.from({ length: stsc.u32(4) }, (_, i) => {
    const at = 8 + 12 * i;
    return { first: stsc.u32(at), samples: stsc.u32(at + 4), entry: stsc.u32(at + 8) };
  });
  return Array.from({ length: table.u32(4) }, (_, i) => {
    const run = runs.findLast(({ first }) => first <= i + 1)!;
    const offset = stco ? stco.u32(8 + 4 * i) : table.u64(8 + 8 * i);
    return { offset, samples: run.samples, entry: run.entry };
  });
}

function trackDefaults(trex: Node): TrackDefaults {
  return { entry: trex.u32(8), duration: trex.u32(12), size: trex.u32(16), flags: trex.u32(20) };
}

function readMoof(
  moof: Node,
  tracks: Track[],
  defaults: Map<number, TrackDefaults>,
  at: ReadMovie['at'],
): void {
  let end = moof.box.offset;
  for (const traf of moof.all('traf')) {
    const tfhd = traf.get('tfhd')!;
    const track = tracks.find(({ id }) => id === tfhd.u32(4))!;
    const first = track.samples.length;
    const head = readTfhd(tfhd, defaults.get(track.id)!);
    const base = head.base ?? (head.baseIsMoof ? moof.box.offset : end);
    const tfdt = traf.get('tfdt');
    if (tfdt) track.nextDts = tfdt.version === 1 ? tfdt.u64(4) : tfdt.u32(4);
    end = base;
    for (const trun of traf.all('trun')) end = readTrun(trun, track, head.defaults, base, end);
    attachAux(track, first, traf, base, at);
    attachGroups(track, first, traf);
  }
}

function readTfhd(tfhd: Node, trex: TrackDefaults) {
  let at = 8;
  const next = (flag: number, size: 4 | 8) => {
    if (!(tfhd.flags & flag)) return undefined;
    at += size;
    return size === 8 ? tfhd.u64(at - 8) : tfhd.u32(at - 4);
  };
  const base = next(0x1, 8);
  const entry = next(0x2, 4) ?? trex.entry;
  const duration = next(0x8, 4) ?? trex.duration;
  const size = next(0x10, 4) ?? trex.size;
  const flags = next(0x20, 4) ?? trex.flags;
  return { base, baseIsMoof: (tfhd.flags & 0x20000) !== 0, defaults: { entry, duration, size, flags } };
}

/** Adds a run's samples; returns the file offset behind its data. */
function readTrun(trun: Node, track: Track, defaults: TrackDefaults, base: number, end: number): number {
  const { flags } = trun;
  let at = 8;
  const next = (flag: number) => {
    if (!(flags & flag)) return undefined;
    at += 4;
    return trun.data.readInt32BE(at - 4);
  };
  const dataOffset = next(0x1);
  const firstFlags = next(0x4);
  let offset = dataOffset === undefined ? end : base + dataOffset;
  for (let i = 0; i < trun.u32(4); i++) {
    const duration = next(0x100) ?? defaults.duration;
    const size = next(0x200) ?? defaults.size;
    const own = next(0x400);
    const cto = next(0x800) ?? 0;
    const sampleFlags = own ?? (i === 0 ? firstFlags : undefined) ?? defaults.flags;
    const sync = (sampleFlags & 0x10000) === 0;
    track.samples.push({ offset, size, dts: track.nextDts, duration, cto, sync, entry: defaults.entry - 1 });
    offset += size;
    track.nextDts += duration;
  }
  return offset;
}

/** Gives the samples of a track fragment the KIDs and constant IVs of their key groups (ISO/IEC 23001-7 6). */
function attachGroups(track: Track, first: number, traf: Node): void {
  const isOfKeys = ({ data }: Node) => data.toString('latin1', 4, 8) === 'seig';
  const sbgp = traf.all('sbgp').find(isOfKeys);
  const sgpd = traf.all('sgpd').find(isOfKeys);
  if (!sbgp || !sgpd) return;
  const size = sgpd.u32(8);
  let sample = first;
  for (let run = 0; run < sbgp.u32(8); run++) {
    const index = sbgp.u32(16 + 8 * run) - 0x10001;
    const entry = sgpd.data.subarray(16 + size * index, 16 + size * (index + 1));
    const iv = entry[3] === 0 ? { iv: entry.subarray(21, 21 + entry[20]) } : {};
    for (let end = sample + sbgp.u32(12 + 8 * run); sample < end; sample++) {
      track.samples[sample] = { ...track.samples[sample], groupKid: uuid(entry.subarray(4, 20)), ...iv };
    }
  }
}

/** Reads the IVs and subsample maps of the samples from `first` on, through saiz and saio. */
function attachAux(track: Track, first: number, holder: Node, base: number, at: ReadMovie['at']): void {
  const saiz = holder.get('saiz');
  const saio = holder.get('saio');
  if (track.entries.every(({ tenc }) => !tenc)) return; // left over from an encryption that is gone
  for (let i = first; i < track.samples.length; i++) {
    const iv = track.entries[track.samples[i].entry].tenc?.constantIv;
    if (iv) track.samples[i] = { ...track.samples[i], iv };
  }
  if (!saiz || !saio) return;
  const sizesAt = saiz.flags & 1 ? 12 : 4;
  const fixed = saiz.data[sizesAt];
  const count = saiz.u32(sizesAt + 1);
  const offsetsAt = saio.flags & 1 ? 12 : 4;
  if (saio.u32(offsetsAt) !== 1) throw new Error('this reader knows saio with one offset only');
  let offset = base + (saio.version === 1 ? saio.u64(offsetsAt + 4) : saio.u32(offsetsAt + 4));
  const senc = holder.get('senc');
  const start = offset;
  // Where offsets cannot count back to senc, its content is there once more.
  const isCopy = senc && start > senc.box.offset + senc.box.size;
  if (senc && !isCopy && start !== senc.box.offset + 16)
    throw new Error(`saio says ${start}, senc is at ${senc.box.offset}`);
  if (senc && isCopy && !at(start, senc.box.size - 16).equals(at(senc.box.offset + 16, senc.box.size - 16)))
    throw new Error('saio points at something else than senc holds');
  for (let i = 0; i < count; i++) {
    const size = fixed || saiz.data[sizesAt + 5 + i];
    const sample = track.samples[first + i];
    const { ivSize } = track.entries[sample.entry].tenc!;
    const aux = readAux(at(offset, size), ivSize);
    if (senc && (aux.subsamples !== undefined) !== (senc.flags === 2))
      throw new Error('senc has wrong flags');
    track.samples[first + i] = { ...sample, ...aux };
    offset += size;
  }
  if (senc && offset - start !== senc.box.size - 16)
    throw new Error('senc has bytes that saiz does not count');
}

function readAux(data: Buffer, ivSize: number): Pick<ReadSample, 'iv' | 'subsamples'> {
  const iv = ivSize > 0 ? { iv: data.subarray(0, ivSize) } : {};
  if (data.length === ivSize) return iv;
  const count = data.readUInt16BE(ivSize);
  const subsamples = Array.from({ length: count }, (_, i) => {
    const entry = ivSize + 2 + 6 * i;
    return [data.readUInt16BE(entry), data.readUInt32BE(entry + 2)] as const;
  });
  if (data.length !== ivSize + 2 + 6 * count)
    throw new Error('sample auxiliary information has another size than saiz says');
  return { ...iv, subsamples };
}

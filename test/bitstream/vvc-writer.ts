import { BitWriter, nalUnit } from './bit-writer.js';

/**
 * A writer of VVC parameter sets and headers (ITU-T H.266 7.3.2.4, 7.3.2.5, 7.3.2.8, 7.3.7 to 7.3.10), for streams that no encoder
 * at hand makes. A header ends where its writer ends it. Names are those of the standard without their prefixes.
 */
export interface VvcStream {
  readonly chroma: boolean;
  /** Pictures in luma samples; coding tree units have 32. */
  readonly width: number;
  readonly height: number;
  readonly pocLsbBits: number;
  /** Bits of ph_poc_msb_cycle_val; 0: without. */
  readonly pocMsbBits: number;
  readonly extraPhBits: number;
  readonly extraShBits: number;
  readonly subpicIdBits: number;
  readonly wpp: boolean;
  readonly entryPoints: boolean;
  readonly partitionOverride: boolean;
  readonly dualTree: boolean;
  readonly transformSkip: boolean;
  readonly jointCbCr: boolean;
  readonly sao: boolean;
  readonly alf: boolean;
  readonly ccAlf: boolean;
  readonly lmcs: boolean;
  readonly weightedPred: boolean;
  readonly weightedBipred: boolean;
  readonly longTerm: boolean;
  readonly idrLists: boolean;
  readonly mvp: boolean;
  readonly controlsInPh: boolean;
  readonly scalingLists: boolean;
  readonly depQuant: boolean;
  readonly signHiding: boolean;
  readonly virtualBoundaries: boolean;
  readonly rangeExtension: boolean;
  /** Lists of the SPS, by the numbers of short-term and long-term entries. */
  readonly lists: readonly (readonly ListEntry[])[];
  readonly sameLists: boolean;

  /** PPS. */
  readonly outputFlag: boolean;
  readonly cabacInit: boolean;
  readonly defaultActive: readonly [number, number];
  readonly rpl1Idx: boolean;
  readonly cuQpDelta: boolean;
  readonly chromaOffsets: boolean;
  readonly cuChromaOffsets: boolean;
  readonly deblockingOverride: boolean;
  readonly deblockingDisabled: boolean;
  readonly phExtension: boolean;
  readonly shExtension: boolean;
  /** Tiles in raster slices or in one rectangular slice; absent: no partition. */
  readonly tiles?: {
    readonly columns: readonly number[];
    readonly rows: readonly number[];
    readonly raster: boolean;
  };
  /** What the picture header tells for all slices; only with `tiles`. */
  readonly inPh: {
    deblocking: boolean;
    lists: boolean;
    sao: boolean;
    alf: boolean;
    weights: boolean;
    qp: boolean;
  };
}

/** `short`: abs_delta_poc_st, `long`: rpls_poc_lsb_lt. */
export type ListEntry = { readonly short: number } | { readonly long: number };

export const CTU = 32;

export const PLAIN: VvcStream = {
  ...{ chroma: true, width: 192, height: 128, pocLsbBits: 8, pocMsbBits: 0, extraPhBits: 0, extraShBits: 0 },
  ...{ subpicIdBits: 0, wpp: false, entryPoints: false, partitionOverride: false, dualTree: false },
  ...{ transformSkip: false, jointCbCr: false, sao: false, alf: false, ccAlf: false, lmcs: false },
  ...{ weightedPred: false, weightedBipred: false, longTerm: false, idrLists: false, mvp: false },
  ...{
    controlsInPh: false,
    scalingLists: false,
    depQuant: false,
    signHiding: false,
    virtualBoundaries: false,
  },
  ...{ rangeExtension: false, lists: [], sameLists: false, outputFlag: false, cabacInit: false },
  ...{
    defaultActive: [1, 1],
    rpl1Idx: false,
    cuQpDelta: false,
    chromaOffsets: false,
    cuChromaOffsets: false,
  },
  ...{ deblockingOverride: false, deblockingDisabled: false, phExtension: false, shExtension: false },
  inPh: { deblocking: false, lists: false, sao: false, alf: false, weights: false, qp: false },
};

/** Values of fields, drawn as they are needed: `next(n)` is 0 to n - 1. */
export type Draw = (below: number) => number;

const bit = (value: boolean): 0 | 1 => (value ? 1 : 0);
const NAL = { sps: 15, pps: 16, ph: 19 };

export function nalHeader(type: number, layer = 0): number[] {
  return [layer, (type << 3) | 1];
}

/** seq_parameter_set_rbsp() of id 0. */
export function spsNal(s: VvcStream): Uint8Array {
  const w = new BitWriter();
  w.u(4, 0)
    .u(4, 0)
    .u(3, 0)
    .u(2, s.chroma ? 1 : 0)
    .u(2, 0)
    .u(1, 1); // ids, one sublayer, format, CTU of 32, ptl
  w.u(7, 1).u(1, 0).u(8, 51).u(2, 0).u(1, 0); // profile, tier, level, flags, no constraints
  while (w.bits.length % 8 !== 0) w.u(1, 0);
  w.u(8, 0); // sub-profiles
  w.u(1, 1).u(1, 0).ue(s.width).ue(s.height).u(1, 0); // gdr, resampling, size, no window
  w.u(1, bit(s.subpicIdBits > 0));
  if (s.subpicIdBits > 0)
    w.ue(0)
      .ue(s.subpicIdBits - 1)
      .u(1, 0);
  w.ue(0)
    .u(1, bit(s.wpp))
    .u(1, bit(s.entryPoints))
    .u(4, s.pocLsbBits - 4);
  w.u(1, bit(s.pocMsbBits > 0));
  if (s.pocMsbBits > 0) w.ue(s.pocMsbBits - 1);
  for (const extra of [s.extraPhBits, s.extraShBits]) {
    w.u(2, extra > 0 ? 1 : 0);
    if (extra > 0) w.u(8, 2 ** extra - 1);
  }
  w.ue(0).ue(0).ue(0); // dpb_parameters
  w.ue(0).u(1, bit(s.partitionOverride)).ue(0).ue(1).ue(0).ue(0); // coding blocks; intra luma of depth 1
  if (s.chroma) w.u(1, bit(s.dualTree));
  if (s.dualTree) w.ue(1).ue(0);
  w.ue(0).ue(0); // inter, depth 0
  w.u(1, bit(s.transformSkip)); // CTUs of 32 have no 64-point transform
  if (s.transformSkip) w.ue(0).u(1, 0);
  w.u(1, 0).u(1, 0); // mts, lfnst
  if (s.chroma) w.u(1, bit(s.jointCbCr)).u(1, 1).se(0).ue(0).ue(3).ue(1); // one table of one point
  w.u(1, bit(s.sao)).u(1, bit(s.alf));
  if (s.alf && s.chroma) w.u(1, bit(s.ccAlf));
  w.u(1, bit(s.lmcs)).u(1, bit(s.weightedPred)).u(1, bit(s.weightedBipred)).u(1, bit(s.longTerm));
  w.u(1, bit(s.idrLists)).u(1, bit(s.sameLists));
  for (let i = 0; i < (s.sameLists ? 1 : 2); i++) {
    w.ue(s.lists.length);
    for (const list of s.lists) writeList(w, s, list, true);
  }
  w.u(1, 0).u(1, bit(s.mvp));
  if (s.mvp) w.u(1, 0); // sbtmvp
  w.u(1, 0); // amvr
  writeControl(w, s); // bdof
  w.u(1, 0); // smvd
  writeControl(w, s); // dmvr
  writeControl(w, s); // mmvd
  w.ue(5).u(1, 0); // one merge candidate, sbt
  w.u(1, bit(s.controlsInPh)); // affine
  if (s.controlsInPh) w.ue(0).u(1, 0).u(1, 1).u(1, 1); // candidates, 6 parameters, prof in the picture header
  w.u(2, 0).ue(0).u(3, 0); // bcw, ciip; merge level; isp, mrl, mip
  if (s.chroma) w.u(1, 0).u(2, 0); // cclm, collocated
  w.u(1, 0); // palette
  if (s.transformSkip) w.ue(0);
  w.u(2, 0).u(1, bit(s.scalingLists)).u(1, bit(s.depQuant)).u(1, bit(s.signHiding)); // ibc, ladf
  w.u(1, bit(s.virtualBoundaries));
  if (s.virtualBoundaries) w.u(1, 0); // told by picture headers
  w.u(1, 0).u(1, 0).u(1, 0); // timing, fields, vui
  w.u(1, bit(s.rangeExtension));
  if (s.rangeExtension) {
    w.u(1, 1).u(7, 0).u(1, 0);
    if (s.transformSkip) w.u(1, 1);
    w.u(2, 0).u(1, 1);
  }
  return nalUnit(nalHeader(NAL.sps), w);
}

/** A tool that is on and has its flag in picture headers, or is off. */
function writeControl(w: BitWriter, { controlsInPh }: VvcStream): void {
  w.u(1, bit(controlsInPh));
  if (controlsInPh) w.u(1, 1);
}

/** pic_parameter_set_rbsp() of id 0. */
export function ppsNal(s: VvcStream): Uint8Array {
  const { tiles, inPh } = s;
  const w = new BitWriter();
  w.u(6, 0).u(4, 0).u(1, 0).ue(s.width).ue(s.height).u(2, 0).u(1, bit(s.outputFlag));
  w.u(1, bit(!tiles)).u(1, 0); // no partition, no subpicture ids
  if (tiles) {
    const { columns, rows, raster } = tiles;
    w.u(2, 0)
      .ue(columns.length - 1)
      .ue(rows.length - 1);
    for (const size of [...columns, ...rows]) w.ue(size - 1);
    if (columns.length * rows.length > 1) w.u(1, 0).u(1, bit(!raster));
    if (!raster) w.u(1, 1); // one slice a subpicture
    w.u(1, 0); // loop filter across slices
  }
  w.u(1, bit(s.cabacInit))
    .ue(s.defaultActive[0] - 1)
    .ue(s.defaultActive[1] - 1)
    .u(1, bit(s.rpl1Idx));
  w.u(1, bit(s.weightedPred)).u(1, bit(s.weightedBipred)).u(1, 0).se(0).u(1, bit(s.cuQpDelta));
  w.u(1, bit(s.chromaOffsets));
  if (s.chromaOffsets) {
    w.se(1).se(-1).u(1, 0).u(1, 1).u(1, bit(s.cuChromaOffsets)); // of slices too
    if (s.cuChromaOffsets) w.ue(0).se(1).se(2);
  }
  const hasControl = s.deblockingOverride || s.deblockingDisabled;
  w.u(1, bit(hasControl));
  if (hasControl) {
    w.u(1, bit(s.deblockingOverride)).u(1, bit(s.deblockingDisabled));
    if (tiles && s.deblockingOverride) w.u(1, bit(inPh.deblocking));
    if (!s.deblockingDisabled) writeOffsets(w, s);
  }
  if (tiles) {
    w.u(1, bit(inPh.lists)).u(1, bit(inPh.sao)).u(1, bit(inPh.alf));
    if ((s.weightedPred || s.weightedBipred) && inPh.lists) w.u(1, bit(inPh.weights));
    w.u(1, bit(inPh.qp));
  }
  w.u(1, bit(s.phExtension)).u(1, bit(s.shExtension)).u(1, 0);
  return nalUnit(nalHeader(NAL.pps), w);
}

function writeOffsets(w: BitWriter, { chromaOffsets }: VvcStream): void {
  w.se(1).se(-2);
  if (chromaOffsets) w.se(0).se(3).se(-1).se(0);
}

function writeList(w: BitWriter, s: VvcStream, list: readonly ListEntry[], inSps: boolean): void {
  w.ue(list.length);
  const inHeader = s.longTerm && !inSps; // in the SPS the order counts stand in the list
  if (s.longTerm && inSps && list.length > 0) w.u(1, 0);
  const isWeighted = s.weightedPred || s.weightedBipred;
  list.forEach((entry, i) => {
    const isShort = 'short' in entry;
    if (s.longTerm) w.u(1, bit(isShort));
    if (isShort) {
      w.ue(entry.short);
      if (!(isWeighted && i > 0 && entry.short === 0)) w.u(1, i % 2); // no sign of a difference of 0
    } else if (!inHeader) w.u(s.pocLsbBits, entry.long);
  });
}

interface Lists {
  readonly counts: [number, number];
}

/** ref_pic_lists(): from the SPS or of their own, as drawn. */
function writeLists(w: BitWriter, s: VvcStream, draw: Draw): Lists {
  const counts: [number, number] = [0, 0];
  let isFromSps = false;
  let index = 0;
  const num = s.lists.length;
  for (let i = 0; i < 2; i++) {
    const isCoded = i === 0 || s.rpl1Idx;
    if (num === 0) isFromSps = false;
    else if (isCoded) {
      isFromSps = draw(2) === 1;
      w.u(1, bit(isFromSps));
    }
    let list: readonly ListEntry[];
    if (isFromSps) {
      if (isCoded) index = num > 1 ? draw(num) : 0;
      if (isCoded && num > 1) w.u(Math.ceil(Math.log2(num)), index);
      list = s.lists[index];
    } else {
      list = drawnList(s, draw);
      writeList(w, s, list, false);
    }
    for (const entry of list) {
      if ('short' in entry) continue;
      if (!isFromSps) w.u(s.pocLsbBits, entry.long);
      const hasMsb = draw(2) === 1;
      w.u(1, bit(hasMsb));
      if (hasMsb) w.ue(draw(20));
    }
    counts[i] = list.length;
  }
  return { counts };
}

function drawnList(s: VvcStream, draw: Draw): ListEntry[] {
  return Array.from({ length: draw(4) }, () =>
    s.longTerm && draw(2) === 1 ? { long: draw(2 ** s.pocLsbBits) } : { short: draw(5) },
  );
}

function writeAlf(w: BitWriter, s: VvcStream, draw: Draw): void {
  const isOn = draw(3) > 0;
  w.u(1, bit(isOn));
  if (!isOn) return;
  const luma = draw(8);
  w.u(3, luma);
  for (let i = 0; i < luma; i++) w.u(3, draw(8));
  if (!s.chroma) return;
  const [cb, cr] = [draw(2), draw(2)];
  w.u(1, cb).u(1, cr);
  if (cb || cr) w.u(3, draw(8));
  if (!s.ccAlf) return;
  for (let i = 0; i < 2; i++) {
    const cc = draw(2);
    w.u(1, cc);
    if (cc) w.u(3, draw(8));
  }
}

function writeDeblocking(w: BitWriter, s: VvcStream, draw: Draw): void {
  const isTold = draw(2) === 1;
  w.u(1, bit(isTold));
  if (!isTold) return;
  const isOff = !s.deblockingDisabled && draw(2) === 1;
  if (!s.deblockingDisabled) w.u(1, bit(isOff));
  if (!isOff) writeOffsets(w, s);
}

/** pred_weight_table(): counts of the weights of each list, told where the picture header has the table. */
function writeWeights(
  w: BitWriter,
  s: VvcStream,
  counts: [number, number],
  isTold: [boolean, boolean],
  draw: Draw,
) {
  w.ue(draw(8));
  if (s.chroma) w.se(draw(5) - 2);
  counts.forEach((count, i) => {
    if (isTold[i]) w.ue(count);
    const luma = Array.from({ length: count }, () => draw(2));
    const chroma = Array.from({ length: count }, () => (s.chroma ? draw(2) : 0));
    for (const flag of luma) w.u(1, flag);
    if (s.chroma) for (const flag of chroma) w.u(1, flag);
    luma.forEach((flag, j) => {
      for (let n = 0; n < 2 * flag + 4 * chroma[j]; n++) w.se(draw(21) - 10);
    });
  });
}

/** What a picture header tells its slices. */
export interface Picture {
  readonly bits: BitWriter;
  readonly inter: boolean;
  readonly lmcs: boolean;
  readonly scalingLists: boolean;
  readonly mvp: boolean;
  readonly counts: [number, number];
}

/** picture_header_structure() of PPS 0. */
export function picture(s: VvcStream, isIrap: boolean, draw: Draw): Picture {
  const { inPh } = s;
  const w = new BitWriter();
  const nonRef = draw(2) === 1;
  const inter = !isIrap && draw(4) > 0;
  w.u(1, bit(isIrap)).u(1, bit(nonRef));
  if (isIrap) w.u(1, 0);
  w.u(1, bit(inter));
  const intra = !inter || draw(2) === 1;
  if (inter) w.u(1, bit(intra));
  w.ue(0)
    .u(s.pocLsbBits, draw(2 ** s.pocLsbBits))
    .u(s.extraPhBits, 0);
  if (s.pocMsbBits > 0) {
    const isTold = draw(2) === 1;
    w.u(1, bit(isTold));
    if (isTold) w.u(s.pocMsbBits, 1);
  }
  if (s.alf && inPh.alf) writeAlf(w, s, draw);
  const lmcs = s.lmcs && draw(2) === 1;
  if (s.lmcs) w.u(1, bit(lmcs));
  if (lmcs) w.u(2, draw(4)).u(s.chroma ? 1 : 0, 1);
  const scalingLists = s.scalingLists && draw(2) === 1;
  if (s.scalingLists) w.u(1, bit(scalingLists));
  if (scalingLists) w.u(3, draw(8));
  if (s.virtualBoundaries) {
    const isTold = draw(2) === 1;
    w.u(1, bit(isTold));
    for (let i = 0; isTold && i < 2; i++) {
      const count = draw(4);
      w.ue(count);
      for (let j = 0; j < count; j++) w.ue(draw(20));
    }
  }
  if (s.outputFlag && !nonRef) w.u(1, 1);
  const { counts } = inPh.lists ? writeLists(w, s, draw) : { counts: [0, 0] as [number, number] };
  const isOverridden = s.partitionOverride && draw(2) === 1;
  if (s.partitionOverride) w.u(1, bit(isOverridden));
  const constraints = () => {
    const depth = draw(3);
    w.ue(draw(3)).ue(depth);
    if (depth > 0) w.ue(draw(3)).ue(draw(3));
  };
  if (intra) {
    if (isOverridden) constraints();
    if (isOverridden && s.dualTree) constraints();
    writeDepths(w, s, draw);
  }
  let mvp = false;
  if (inter) {
    if (isOverridden) constraints();
    writeDepths(w, s, draw);
    mvp = s.mvp && draw(3) > 0;
    if (s.mvp) w.u(1, bit(mvp));
    if (mvp && inPh.lists) {
      let fromL0 = true;
      if (counts[1] > 0) {
        fromL0 = draw(2) === 1;
        w.u(1, bit(fromL0));
      }
      if (counts[fromL0 ? 0 : 1] > 1) w.ue(draw(2));
    }
    if (s.controlsInPh) w.u(1, 1); // mmvd_fullpel_only
    if (!inPh.lists || counts[1] > 0) {
      w.u(1, 0); // mvd_l1_zero
      if (s.controlsInPh) w.u(2, 2); // bdof, dmvr
    }
    if (s.controlsInPh) w.u(1, 1); // prof
    if ((s.weightedPred || s.weightedBipred) && inPh.lists && inPh.weights) {
      const hasList1 = s.weightedBipred && counts[1] > 0;
      writeWeights(w, s, [counts[0], hasList1 ? counts[1] : 0], [true, hasList1], draw);
    }
  }
  if (inPh.qp) w.se(draw(9) - 4);
  if (s.jointCbCr) w.u(1, 1);
  if (s.sao && inPh.sao) w.u(s.chroma ? 2 : 1, 1);
  if (inPh.deblocking && s.deblockingOverride) writeDeblocking(w, s, draw);
  if (s.phExtension) w.ue(2).u(16, 0xabcd);
  return { bits: w, inter, lmcs, scalingLists, mvp, counts };
}

function writeDepths(w: BitWriter, s: VvcStream, draw: Draw): void {
  if (s.cuQpDelta) w.ue(draw(4));
  if (s.chromaOffsets && s.cuChromaOffsets) w.ue(draw(4));
}

/** A picture header in a NAL unit of its own. */
export function phNal({ bits }: Picture): Uint8Array {
  const w = new BitWriter();
  w.bits.push(...bits.bits);
  return nalUnit(nalHeader(NAL.ph), w);
}

const IDR = [7, 8];

/**
 * slice_header() with its alignment, after a NAL header: the bytes that stay clear.
 * @param tiles of a raster slice: the first, and how many
 */
export function sliceHeader(
  s: VvcStream,
  ph: Picture,
  {
    nalType,
    hasPh,
    tiles,
  }: { nalType: number; hasPh: boolean; tiles?: readonly [first: number, count: number] },
  draw: Draw,
): Uint8Array {
  const { inPh } = s;
  const w = new BitWriter().u(1, bit(hasPh));
  if (hasPh) w.bits.push(...ph.bits.bits);
  if (s.subpicIdBits > 0) w.u(s.subpicIdBits, 0);
  const tileCount = s.tiles ? s.tiles.columns.length * s.tiles.rows.length : 1;
  const isRaster = s.tiles?.raster === true && tileCount > 1;
  const [first, count] = isRaster ? tiles! : [0, tileCount];
  if (isRaster) w.u(Math.ceil(Math.log2(tileCount)), first);
  w.u(s.extraShBits, 0);
  if (isRaster && tileCount - first > 1) w.ue(count - 1);
  const type = ph.inter ? draw(3) : 2; // B, P, I
  if (ph.inter) w.ue(type);
  if (nalType >= 7 && nalType <= 10) w.u(1, 0);
  if (s.alf && !inPh.alf) writeAlf(w, s, draw);
  if (ph.lmcs && !hasPh) w.u(1, 1);
  if (ph.scalingLists && !hasPh) w.u(1, 1);
  let { counts } = ph;
  if (!inPh.lists) {
    const hasLists = !IDR.includes(nalType) || s.idrLists;
    counts = hasLists ? writeLists(w, s, draw).counts : [0, 0];
  }
  const active = writeActive(w, s, type, counts, draw);
  if (type !== 2) {
    if (s.cabacInit) w.u(1, 1);
    if (ph.mvp && !inPh.lists) {
      const fromL0 = type === 1 || draw(2) === 1;
      if (type === 0) w.u(1, bit(fromL0));
      if (active[fromL0 ? 0 : 1] > 1) w.ue(draw(2));
    }
    const isWeighted = type === 1 ? s.weightedPred : s.weightedBipred;
    if (!(inPh.lists && inPh.weights) && isWeighted) {
      writeWeights(w, s, [active[0], s.weightedBipred ? active[1] : 0], [false, false], draw);
    }
  }
  if (!inPh.qp) w.se(draw(9) - 4);
  if (s.chromaOffsets) for (let i = 0; i < (s.jointCbCr ? 3 : 2); i++) w.se(draw(3) - 1);
  if (s.chromaOffsets && s.cuChromaOffsets) w.u(1, 1);
  if (s.sao && !inPh.sao) w.u(s.chroma ? 2 : 1, 1);
  if (s.deblockingOverride && !inPh.deblocking) writeDeblocking(w, s, draw);
  writeResidual(w, s, draw);
  if (s.shExtension) w.ue(1).u(8, 0x5a);
  const pieces = entryPoints(s, first, count);
  if (pieces > 0) {
    const bits = 1 + draw(16);
    w.ue(bits - 1);
    for (let i = 0; i < pieces; i++) w.u(bits, draw(2 ** Math.min(bits, 10)));
  }
  return nalUnit(nalHeader(nalType), w); // its stop bit and zeros are byte_alignment()
}

function writeActive(
  w: BitWriter,
  s: VvcStream,
  type: number,
  counts: [number, number],
  draw: Draw,
): [number, number] {
  if (type === 2) return [0, 0];
  const isB = type === 0;
  const canOverride = counts[0] > 1 || (isB && counts[1] > 1);
  const isOverridden = canOverride && draw(2) === 1;
  if (canOverride) w.u(1, bit(isOverridden));
  const activeOf = (i: 0 | 1): number => {
    if (!canOverride) return 1;
    if (!isOverridden) return Math.min(counts[i], s.defaultActive[i]);
    if (counts[i] <= 1) return 1;
    const active = 1 + draw(counts[i]);
    w.ue(active - 1);
    return active;
  };
  const first = activeOf(0);
  return [first, isB ? activeOf(1) : 0];
}

function writeResidual(w: BitWriter, s: VvcStream, draw: Draw): void {
  const dq = s.depQuant && draw(2) === 1;
  if (s.depQuant) w.u(1, bit(dq));
  const sdh = s.signHiding && !dq && draw(2) === 1;
  if (s.signHiding && !dq) w.u(1, bit(sdh));
  const isOff = s.transformSkip && !dq && !sdh && draw(2) === 1;
  if (s.transformSkip && !dq && !sdh) w.u(1, bit(isOff));
  if (s.rangeExtension && s.transformSkip && !isOff) w.u(3, draw(8));
  if (s.rangeExtension) w.u(1, 1);
}

/** NumEntryPoints, counted CTU by CTU as 7.4.8 has it. */
function entryPoints(s: VvcStream, first: number, count: number): number {
  if (!s.entryPoints) return 0;
  const columns = s.tiles ? s.tiles.columns : [Math.ceil(s.width / CTU)];
  const rows = s.tiles ? s.tiles.rows : [Math.ceil(s.height / CTU)];
  let points = -1;
  for (let tile = first; tile < first + count; tile++) {
    const height = rows[Math.floor(tile / columns.length)];
    for (let row = 0; row < height; row++) if (row === 0 || s.wpp) points++;
  }
  return points;
}

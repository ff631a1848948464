import { CENC_SCHEMES } from './boxes/aux-info.js';
import { PIFF_PSSH, PIFF_SENC } from './boxes/piff.js';
import { readGroupingType } from './boxes/sgpd.js';
import { readerOf } from './sample-entry.js';
import type { BoxNode, FileSlice } from './walk.js';

/** Whether the box holds data of a protection system (ISO/IEC 23001-7 8.1). */
export function isPsshBox(box: BoxNode): boolean {
  return box.type === 'pssh' || box.userType === PIFF_PSSH;
}

/** Whether a box of a type in a `traf`, `trak` or `stbl` says how samples are protected. */
const IS_PROTECTION = new Map<string, (node: BoxNode, slice: FileSlice) => boolean>([
  ['senc', () => true],
  ['uuid', (node) => node.userType === PIFF_SENC],
  ['saiz', isCencAuxiliary],
  ['saio', isCencAuxiliary],
  ['sgpd', isKeyGroup],
  ['sbgp', isKeyGroup],
]);

/** The boxes in a `traf`, `trak` or `stbl` that say how samples are protected. */
export function protectionBoxes(parent: BoxNode, slice: FileSlice): BoxNode[] {
  return parent.children.filter((node) => saysProtection(node, slice));
}

function saysProtection(node: BoxNode, slice: FileSlice): boolean {
  return IS_PROTECTION.get(node.type)?.(node, slice) ?? false;
}

/** The same of a whole `moof`, and its `pssh` boxes. */
export function protectionBoxesOfMoof(moof: BoxNode, slice: FileSlice): BoxNode[] {
  const found: BoxNode[] = [];
  for (const child of moof.children) if (isPsshBox(child)) found.push(child);
  for (const { type, children } of moof.children) {
    if (type !== 'traf') continue;
    for (const child of children) if (saysProtection(child, slice)) found.push(child);
  }
  return found;
}

/** `saiz` and `saio` begin alike; without a type their information is the protection scheme's (14496-12 8.7.8.3). */
function isCencAuxiliary(node: BoxNode, slice: FileSlice): boolean {
  const reader = readerOf(node, slice);
  if (reader.remaining < 8) return true; // too short for either, and for a type
  reader.skip(1);
  const hasType = (reader.u24() & 1) !== 0;
  return !hasType || CENC_SCHEMES.has(reader.fourcc());
}

function isKeyGroup(node: BoxNode, slice: FileSlice): boolean {
  return readGroupingType(readerOf(node, slice)) === 'seig';
}

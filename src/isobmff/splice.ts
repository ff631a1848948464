import { ByteWriter } from '../bytes/writer.js';
import { type BoxNode, bytesOf, type FileSlice } from './walk.js';

/** What becomes of one box. Everything not said stays byte for byte. */
export interface BoxEdit {
  /** Whole boxes in its place; empty removes it. */
  readonly replace?: Uint8Array;
  /** Another four-character code in its header. */
  readonly type?: string;
  /** Whole boxes added behind its last child. */
  readonly append?: readonly Uint8Array[];
  /** Whole boxes put before it, inside the same parent. */
  readonly before?: readonly Uint8Array[];
}

/** The box is taken out. */
export const REMOVED: BoxEdit = { replace: new Uint8Array() };

export type BoxEdits = ReadonlyMap<BoxNode, BoxEdit>;

/**
 * The bytes of a box with edits carried out below it; sizes of the boxes around them follow.
 * @param places is given where in them each of the parts begins, such as the boxes that edits have put there
 * @throws RangeError when a box with a 32-bit size outgrows it
 */
export function rebuildBox(
  node: BoxNode,
  slice: FileSlice,
  edits: BoxEdits,
  places?: Map<Uint8Array, number>,
): Uint8Array {
  const parts = partsOfRebuilt(node, slice, edits);
  if (parts.length === 1) return parts[0];
  const writer = new ByteWriter(lengthOf(parts, 0));
  for (const part of parts) {
    places?.set(part, writer.length);
    writer.bytes(part);
  }
  return writer.finish();
}

/**
 * What `rebuildBox` puts together, in order: views of what stays, and the boxes of the edits themselves.
 * @throws RangeError when a box with a 32-bit size outgrows it
 */
export function partsOfRebuilt(node: BoxNode, slice: FileSlice, edits: BoxEdits): Uint8Array[] {
  const parts: Uint8Array[] = [];
  collectParts(node, slice, edits, parts);
  return parts;
}

/** Bytes that `rebuildBox` makes, without making them. */
export function sizeOfRebuilt(node: BoxNode, edits: BoxEdits): number {
  const { replace, append = [], before = [] } = edits.get(node) ?? UNCHANGED;
  if (replace) return lengthOf(before, 0) + replace.length;
  let size = lengthOf(before, 0) + node.sizeBytes + lengthOf(append, 0);
  for (const child of node.children) size += sizeOfRebuilt(child, edits) - child.sizeBytes;
  return size;
}

const UNCHANGED: BoxEdit = {};

/**
 * Appends what the box will be made of: large boxes are copied once, when all parts are put together.
 * @returns whether the box changes
 */
function collectParts(node: BoxNode, slice: FileSlice, edits: BoxEdits, parts: Uint8Array[]): boolean {
  const edit = edits.get(node);
  parts.push(...(edit?.before ?? []));
  if (edit?.replace) {
    parts.push(edit.replace);
    return true;
  }
  const original = bytesOf(node, slice);
  const first = parts.length;
  // Fields before the first child and bytes behind the last one are carried along.
  const endBytes = node.startBytes + node.sizeBytes;
  const leadEnd = (node.children[0]?.startBytes ?? node.fieldsEndBytes ?? endBytes) - node.startBytes;
  const lastChild = node.children.at(-1);
  const tailStart = lastChild ? lastChild.startBytes + lastChild.sizeBytes - node.startBytes : leadEnd;
  parts.push(original.subarray(0, leadEnd));
  let isChanged = edit !== undefined;
  for (const child of node.children) if (collectParts(child, slice, edits, parts)) isChanged = true;
  if (!isChanged) {
    parts.length = first;
    parts.push(original);
    return false;
  }
  parts.push(...(edit?.append ?? []), original.subarray(tailStart));
  parts[first] = withHeader(new Uint8Array(parts[first]), lengthOf(parts, first), node, edit?.type);
  return true;
}

function lengthOf(parts: readonly Uint8Array[], first: number): number {
  let length = 0;
  for (let i = first; i < parts.length; i++) length += parts[i].length;
  return length;
}

/** @param lead the box's bytes up to its first child: a copy, which is changed */
function withHeader(lead: Uint8Array, sizeBytes: number, node: BoxNode, type = node.type): Uint8Array {
  const view = new DataView(lead.buffer, lead.byteOffset, lead.byteLength);
  const hasLargeSize = view.getUint32(0) === 1;
  if (hasLargeSize) view.setBigUint64(8, BigInt(sizeBytes));
  else if (sizeBytes > 0xffffffff) throw new RangeError(`${node.path} outgrows its 32-bit size`);
  else view.setUint32(0, sizeBytes);
  for (let i = 0; i < 4; i++) lead[4 + i] = type.charCodeAt(i);
  return lead;
}

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
}

/** The box is taken out. */
export const REMOVED: BoxEdit = { replace: new Uint8Array() };

export type BoxEdits = ReadonlyMap<BoxNode, BoxEdit>;

/**
 * The bytes of a box with edits carried out below it; sizes of the boxes around them follow.
 * @throws RangeError when a box with a 32-bit size outgrows it
 */
export function rebuildBox(node: BoxNode, slice: FileSlice, edits: BoxEdits): Uint8Array {
  const original = bytesOf(node, slice);
  const edit = edits.get(node);
  if (edit?.replace) return edit.replace;
  const children = node.children.map((child) => rebuildBox(child, slice, edits));
  const unchanged = children.every((bytes, i) => isSame(bytes, node.children[i], slice));
  if (!edit && unchanged) return original;

  // Fields before the first child and bytes behind the last one are carried along.
  const leadEnd = (node.children[0]?.startBytes ?? node.startBytes + node.sizeBytes) - node.startBytes;
  const lastChild = node.children.at(-1);
  const tailStart = lastChild ? lastChild.startBytes + lastChild.sizeBytes - node.startBytes : leadEnd;
  const parts = [
    original.subarray(0, leadEnd),
    ...children,
    ...(edit?.append ?? []),
    original.subarray(tailStart),
  ];
  const writer = new ByteWriter(parts.reduce((sum, part) => sum + part.length, 0));
  for (const part of parts) writer.bytes(part);
  return withHeader(writer.finish(), node, edit?.type);
}

function isSame(bytes: Uint8Array, node: BoxNode, slice: FileSlice): boolean {
  return (
    bytes.length === node.sizeBytes &&
    bytes.buffer === slice.bytes.buffer &&
    bytes.byteOffset === slice.bytes.byteOffset + node.startBytes - slice.startBytes
  );
}

function withHeader(bytes: Uint8Array, node: BoxNode, type = node.type): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hasLargeSize = view.getUint32(0) === 1;
  if (hasLargeSize) view.setBigUint64(8, BigInt(bytes.length));
  else if (bytes.length > 0xffffffff) throw new RangeError(`${node.path} outgrows its 32-bit size`);
  else view.setUint32(0, bytes.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  return bytes;
}

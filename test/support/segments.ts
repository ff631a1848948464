import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface TopBox {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The boxes of a file, one after the other; sizes of 32 bits are enough for tests. */
export function boxesOfFile(path: string): TopBox[] {
  const file = readFileSync(path);
  const boxes: TopBox[] = [];
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt32BE(at);
    boxes.push({ type: file.toString('latin1', at + 4, at + 8), bytes: file.subarray(at, at + size) });
    at += size;
  }
  return boxes;
}

/**
 * Takes a track file apart: a header, and a file for each fragment.
 * @returns paths of the segments
 */
export function splitTrack(
  path: string,
  folder: string,
  names: { readonly header?: string; readonly segment?: (number: number) => string } = {},
): string[] {
  const { header = 'init.mp4', segment = (number) => `${number}.m4s` } = names;
  mkdirSync(folder, { recursive: true });
  const boxes = boxesOfFile(path);
  const isHeader = ({ type }: TopBox) => type === 'ftyp' || type === 'moov';
  writeFileSync(join(folder, header), Buffer.concat(boxes.filter(isHeader).map(({ bytes }) => bytes)));
  const starts = boxes.flatMap(({ type }, i) => (type === 'moof' ? [i] : []));
  return starts.map((start, i) => {
    const end = starts[i + 1] ?? boxes.length;
    const file = join(folder, segment(i + 1));
    writeFileSync(file, Buffer.concat(boxes.slice(start, end).map(({ bytes }) => bytes)));
    return file;
  });
}

/**
 * Where the first start code prefix 00 00 01 begins. A NAL unit never contains one (ISO/IEC 14496-10 7.4.1,
 * ISO/IEC 23008-2 7.4.2): found inside a unit, it begins another unit that the length fields do not show.
 * @returns an index of `bytes` from `from` on, or -1 when no prefix lies whole in [from, to)
 */
export function findStartCode(bytes: Uint8Array, from: number, to: number): number {
  for (let last = from + 2; last < to; ) {
    const byte = bytes[last];
    if (byte > 1) last += 3;
    else if (byte === 0) last += 1;
    else if (bytes[last - 1] === 0 && bytes[last - 2] === 0) return last - 2;
    else last += 3;
  }
  return -1;
}

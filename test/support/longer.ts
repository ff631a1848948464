/** The file with so many bytes that say nothing behind its `ftyp`; of a fragmented file, whose offsets do not count from the beginning. */
export function longer(file: Buffer, bytes: number): Buffer {
  const free = Buffer.alloc(bytes);
  free.writeUInt32BE(bytes);
  free.write('free', 4);
  const ftypBytes = file.readUInt32BE();
  return Buffer.concat([file.subarray(0, ftypBytes), free, file.subarray(ftypBytes)]);
}

/** Writes bits as the standards describe them, for headers that no encoder at hand makes. */
export class BitWriter {
  readonly bits: number[] = [];

  u(count: number, value: number): this {
    for (let i = count - 1; i >= 0; i--) this.bits.push(Math.floor(value / 2 ** i) % 2);
    return this;
  }
  ue(value: number): this {
    const length = Math.floor(Math.log2(value + 1));
    return this.u(length, 0).u(length + 1, value + 1);
  }
  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }
  zeros(count: number): this {
    for (let i = 0; i < count; i++) this.bits.push(0);
    return this;
  }
  ones(count: number): this {
    for (let i = 0; i < count; i++) this.bits.push(1);
    return this;
  }
}

/** A NAL unit: header, the bits with their stop bit, and emulation prevention bytes. */
export function nalUnit(header: readonly number[], writer: BitWriter): Uint8Array {
  const bits = [...writer.bits, 1];
  while (bits.length % 8 !== 0) bits.push(0);
  const nal = [...header];
  let zeros = 0;
  for (let i = 0; i < bits.length; i += 8) {
    const byte = Number.parseInt(bits.slice(i, i + 8).join(''), 2);
    if (zeros >= 2 && byte <= 3) {
      nal.push(3);
      zeros = 0;
    }
    nal.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(nal);
}

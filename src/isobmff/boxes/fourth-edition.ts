import type { ByteReader } from '../../bytes/reader.js';
import { PrpackError } from '../../errors.js';

/**
 * An error for what the fourth edition of Common Encryption (ISO/IEC 23001-7:2023) adds: several keys in one sample, and
 * patterns of more than 15 blocks. Both change the layout of what follows, so that nothing behind the mark can be read.
 * @param position of the mark in the reader
 */
export function fourthEditionProblem(reader: ByteReader, what: string, position: number): PrpackError {
  const { boxPath, offsetBytes } = reader.place;
  return new PrpackError('UNSUPPORTED_FEATURE', `${boxPath}: ${what} cannot be read`, {
    boxPath,
    offsetBytes: offsetBytes + position,
    clause: 'ISO/IEC 23001-7:2023',
    remedy:
      'Make the file again with one key a sample and a pattern of at most 15 blocks, as players need it.',
  });
}

/** What the marks of the fourth edition stand for, as messages name it. */
export const SEVERAL_KEYS = 'multi-key encryption, with several keys in one sample,';
export const EXTENDED_PATTERN = 'an extended encryption pattern';

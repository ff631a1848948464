/** Protection schemes of ISO/IEC 23001-7 clause 10, by their four-character code in `schm`. */
export type SchemeName = 'cenc' | 'cbcs' | 'cens' | 'cbc1';

/** What a content key is used with, in the words of the PlayReady header: AES in counter mode, or in CBC mode. */
export type KeyAlgorithm = 'AESCTR' | 'AESCBC';

/** Size of an IV in bytes. */
export type IvSize = 8 | 16;

/**
 * Which blocks of a protected range are encrypted (ISO/IEC 23001-7 9.6): `cryptByteBlock` blocks of 16 bytes, then
 * `skipByteBlock` blocks that stay clear, over and over. 0:0 is no pattern: all whole blocks.
 */
export interface Pattern {
  readonly cryptByteBlock: number;
  readonly skipByteBlock: number;
}

export const NO_PATTERN: Pattern = { cryptByteBlock: 0, skipByteBlock: 0 };

export function isSamePattern(a: Pattern, b: Pattern): boolean {
  return a.cryptByteBlock === b.cryptByteBlock && a.skipByteBlock === b.skipByteBlock;
}

/** What one protection scheme asks for (ISO/IEC 23001-7 clause 10). */
export interface Scheme {
  /** Four-character code in `schm`. */
  readonly name: SchemeName;
  /** The AES-128 mode: a row of the table in sample-cipher.ts. */
  readonly cipherMode: 'ctr' | 'cbc';
  /** One content key serves one of them only (PlayReady Header Specification 3.1.4). */
  readonly keyAlgorithm: KeyAlgorithm;
  /** Where the cipher starts again from the IV. Within it, all protected ranges are one stream or one chain. */
  readonly restartsAt: 'sample' | 'subsample';
  /** The IV: one for each sample, in its auxiliary information; or one for all, in `tenc`. */
  readonly ivKind: 'per-sample' | 'constant';
  /** Sizes that an IV may have; the first is the default. */
  readonly ivSizesBytes: readonly IvSize[];
  /** Protected ranges of NAL units are multiples of this many bytes. */
  readonly protectedUnitBytes: number;
  /** The pattern of video; NO_PATTERN where the scheme knows none. Audio has none in every scheme (10.3, 10.4). */
  readonly videoPattern: Pattern;
}

/** AES works on blocks of 16 bytes. */
export const BLOCK_BYTES = 16;

/** One row a scheme. */
export const SCHEMES: Readonly<Record<SchemeName, Scheme>> = {
  // 10.1: whole blocks, so that every protected range but a whole sample ends on a block of the CTR stream
  cenc: {
    name: 'cenc',
    cipherMode: 'ctr',
    keyAlgorithm: 'AESCTR',
    restartsAt: 'sample',
    ivKind: 'per-sample',
    ivSizesBytes: [8, 16],
    protectedUnitBytes: BLOCK_BYTES,
    videoPattern: NO_PATTERN,
  },
  // 10.2
  cbc1: {
    name: 'cbc1',
    cipherMode: 'cbc',
    keyAlgorithm: 'AESCBC',
    restartsAt: 'sample',
    ivKind: 'per-sample',
    ivSizesBytes: [16],
    protectedUnitBytes: BLOCK_BYTES,
    videoPattern: NO_PATTERN,
  },
  // 10.3
  cens: {
    name: 'cens',
    cipherMode: 'ctr',
    keyAlgorithm: 'AESCTR',
    restartsAt: 'sample',
    ivKind: 'per-sample',
    ivSizesBytes: [8, 16],
    protectedUnitBytes: BLOCK_BYTES,
    videoPattern: { cryptByteBlock: 1, skipByteBlock: 9 },
  },
  // 10.4: protected from the first byte after the slice header to the last of the NAL unit
  cbcs: {
    name: 'cbcs',
    cipherMode: 'cbc',
    keyAlgorithm: 'AESCBC',
    restartsAt: 'subsample',
    ivKind: 'constant',
    ivSizesBytes: [16],
    protectedUnitBytes: 1,
    videoPattern: { cryptByteBlock: 1, skipByteBlock: 9 },
  },
};

/** Whether a four-character code is that of a scheme. */
export function isSchemeName(name: string): name is SchemeName {
  return Object.hasOwn(SCHEMES, name);
}

/** Whether the scheme encrypts by patterns, and states them in `tenc` version 1. */
export function hasPattern({ videoPattern }: Scheme): boolean {
  return videoPattern.cryptByteBlock > 0;
}

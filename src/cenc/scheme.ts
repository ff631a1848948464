/** Protection schemes that this program writes and reads, by their four-character code in `schm`. */
export type SchemeName = 'cenc';

/** What one protection scheme asks for (ISO/IEC 23001-7 clause 10). */
export interface Scheme {
  /** Four-character code in `schm`. */
  readonly name: SchemeName;
  /** The AES-128 mode: a row of the table in sample-cipher.ts. */
  readonly cipherMode: 'ctr';
  /** Sizes that a per-sample IV may have; the first is the default. */
  readonly ivSizesBytes: readonly IvSize[];
  /** Protected ranges of video are multiples of this many bytes. */
  readonly protectedUnitBytes: number;
}

/** Size of an IV in bytes. */
export type IvSize = 8 | 16;

/** AES works on blocks of 16 bytes. */
export const BLOCK_BYTES = 16;

/** One row a scheme. */
export const SCHEMES: Readonly<Record<SchemeName, Scheme>> = {
  // 10.1: whole blocks, so that every protected range but a whole sample ends on a block of the CTR stream
  cenc: { name: 'cenc', cipherMode: 'ctr', ivSizesBytes: [8, 16], protectedUnitBytes: BLOCK_BYTES },
};

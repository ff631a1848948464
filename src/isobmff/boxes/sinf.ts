import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { PrpackError } from '../../errors.js';
import { box, childBoxes, fullBox, readVersionAndFlags } from './box.js';
import { PIFF_TENC, type PiffAlgorithmId, readExtendedType, readPiffTenc } from './piff.js';
import { readTenc, type Tenc, writeTenc } from './tenc.js';

/** ProtectionSchemeInfoBox with `frma`, `schm` and `schi` (ISO/IEC 14496-12 8.12), as far as it says how samples are encrypted. */
export interface Sinf {
  /** `frma`: the sample entry's type before it became `encv` or `enca`. */
  readonly originalFormat: string;
  /** `schm`: `cenc`, `cbcs`, … or `piff`. Absent when there is no `schm`, which the standard allows. */
  readonly schemeType?: string;
  readonly schemeVersion?: number;
  /** From `schi`, or from its PIFF form. Absent in schemes other than Common Encryption. */
  readonly tenc?: Tenc;
  /** Why there is no `tenc` here although the file has one: it is of an edition that cannot be read. */
  readonly tencProblem?: PrpackError;
  /** Present when the `tenc` is a PIFF one. */
  readonly piffAlgorithmId?: PiffAlgorithmId;
}

type Fields = { -readonly [Name in keyof Sinf]?: Sinf[Name] };

const CHILDREN: Record<string, (reader: ByteReader, fields: Fields) => void> = {
  frma: (reader, fields) => {
    fields.originalFormat = reader.fourcc();
  },
  schm: (reader, fields) => {
    readVersionAndFlags(reader, 0);
    fields.schemeType = reader.fourcc();
    fields.schemeVersion = reader.u32();
  },
  schi: (reader, fields) => {
    for (const { type, payload } of childBoxes(reader)) SCHEME_INFORMATION[type]?.(payload, fields);
  },
};

const SCHEME_INFORMATION: Record<string, (reader: ByteReader, fields: Fields) => void> = {
  tenc: (reader, fields) => {
    try {
      fields.tenc = readTenc(reader);
    } catch (error) {
      if (!(error instanceof PrpackError) || error.code !== 'UNSUPPORTED_FEATURE') throw error;
      fields.tencProblem = error;
    }
  },
  uuid: (reader, fields) => {
    if (readExtendedType(reader) !== PIFF_TENC) return;
    const { algorithmId, tenc } = readPiffTenc(reader);
    fields.piffAlgorithmId = algorithmId;
    fields.tenc = tenc;
  },
};

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readSinf(reader: ByteReader): Sinf {
  const fields: Fields = {};
  for (const { type, payload } of childBoxes(reader)) CHILDREN[type]?.(payload, fields);
  const { originalFormat } = fields;
  if (originalFormat === undefined) {
    throw reader.fail('the original format (frma) is missing', 0, { clause: 'ISO/IEC 14496-12 8.12.2' });
  }
  return { ...fields, originalFormat };
}

/** What a Common Encryption `sinf` is made of; `schemeVersion` is 0x00010000 (ISO/IEC 23001-7 4.1). */
export type CencSinf = Required<Pick<Sinf, 'originalFormat' | 'schemeType' | 'schemeVersion' | 'tenc'>>;

/** Schemes that know patterns (23001-7 9.6): Safari plays the audio of cbcs with `tenc` version 1 only. */
const PATTERN_SCHEMES = new Set(['cbcs', 'cens']);

/** The whole box with `frma`, `schm` and `schi/tenc`. */
export function writeSinf(sinf: CencSinf): Uint8Array {
  const scheme = new ByteWriter(8).fourcc(sinf.schemeType).u32(sinf.schemeVersion).finish();
  return box(
    'sinf',
    box('frma', new ByteWriter(4).fourcc(sinf.originalFormat).finish()),
    fullBox('schm', 0, 0, scheme),
    box('schi', writeTenc(sinf.tenc, PATTERN_SCHEMES.has(sinf.schemeType) ? 1 : 0)),
  );
}

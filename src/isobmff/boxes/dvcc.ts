import type { ByteReader } from '../../bytes/reader.js';

/** Types of the box: the later ones are of profiles above 7, and above 10. */
export const DOLBY_VISION_CONFIGURATIONS: readonly string[] = ['dvcC', 'dvvC', 'dvwC'];

/** DOVIDecoderConfigurationRecord (Dolby Vision Streams Within the ISO Base Media File Format, 3.2). */
export interface DvcC {
  readonly profile: number;
  readonly level: number;
  /** What other decoders see of the base layer: 0 nothing of use, 1 HDR10, 2 SDR, 4 HLG. */
  readonly compatibilityId: number;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readDvcC(reader: ByteReader): DvcC {
  reader.skip(2); // dv_version_major, dv_version_minor
  const bits = reader.u16(); // dv_profile 7, dv_level 6, rpu, el and bl_present_flag
  const compatibilityId = reader.remaining > 0 ? reader.u8() >> 4 : 0;
  return { profile: bits >> 9, level: (bits >> 3) & 0x3f, compatibilityId };
}

/**
 * The `codecs` parameter of a Dolby Vision stream: profile and level in two decimal digits.
 * @example
 * dolbyVisionCodecs('dvh1', { profile: 5, level: 6 }); // 'dvh1.05.06'
 */
export function dolbyVisionCodecs(format: string, { profile, level }: Omit<DvcC, 'compatibilityId'>): string {
  const twoDigits = (value: number) => `${value}`.padStart(2, '0');
  return `${format}.${twoDigits(profile)}.${twoDigits(level)}`;
}

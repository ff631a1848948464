import type { ByteReader } from '../../bytes/reader.js';

/** What an AC-4 stream offers first (ETSI TS 103 190-2 Annex E). */
export interface Dac4 {
  readonly bitstreamVersion: number;
  readonly presentationVersion: number;
  /** Decoder compatibility of the presentation. */
  readonly mdcompat: number;
  /**
   * Speakers of a presentation that is coded in channels, 19 bits: 0 L/R, 1 C, 2 Ls/Rs, 3 Lb/Rb, 4 Tfl/Tfr, 5 Tbl/Tbr, 6 LFE, 7 Tl/Tr, … (A.3). Absent
   * where it is coded in objects.
   */
  readonly channelMask?: number;
}

/** Modes of channels that say more of their speakers (Table 79: 7.0.4 to 9.1.4). */
const FIRST_IMMERSIVE_MODE = 11;
const LAST_IMMERSIVE_MODE = 14;

/** presentation_config_v1 of a presentation without substreams. */
const NO_SUBSTREAMS = 6;

/**
 * Reads the payload after the box header, up to the speakers of the first presentation, which players play.
 * @returns undefined for streams before version 2, and presentations before version 1, which are not in files for distribution
 * @throws PrpackError MALFORMED_INPUT
 */
export function readDac4(reader: ByteReader): Dac4 | undefined {
  const bits = new Bits(reader);
  bits.take(3); // ac4_dsi_version
  const bitstreamVersion = bits.take(7);
  bits.take(1 + 4); // fs_index, frame_rate_index
  const presentations = bits.take(9); // n_presentations
  if (bitstreamVersion < 2 || presentations === 0) return undefined;
  if (bits.take(1) && bits.skip(16).take(1)) bits.skip(128); // b_program_id, short_program_id, b_uuid, program_uuid
  bits.skip(2 + 32 + 32).align(); // ac4_bitrate_dsi()
  const presentationVersion = bits.take(8);
  if (presentationVersion === 0) return undefined;
  if (bits.take(8) === 255) bits.skip(16); // pres_bytes, add_pres_bytes
  return { bitstreamVersion, presentationVersion, ...readPresentation(bits) };
}

/** ac4_presentation_v1_dsi(), E.10. */
function readPresentation(bits: Bits): Pick<Dac4, 'mdcompat' | 'channelMask'> {
  if (bits.take(5) === NO_SUBSTREAMS) return { mdcompat: 0 }; // presentation_config_v1
  const mdcompat = bits.take(3);
  if (bits.take(1)) bits.take(5); // b_presentation_id, presentation_id
  bits.skip(2 + 2 + 5 + 10); // frame rate multiply and fraction info, presentation_emdf_version, presentation_key_id
  if (!bits.take(1)) return { mdcompat }; // b_presentation_channel_coded
  const mode = bits.take(5); // dsi_presentation_ch_mode
  if (mode >= FIRST_IMMERSIVE_MODE && mode <= LAST_IMMERSIVE_MODE) bits.skip(1 + 2); // back channels, top channel pairs
  return { mdcompat, channelMask: bits.take(24) };
}

/**
 * The `codecs` parameter: three versions of two hexadecimal digits each (ETSI TS 103 190-2 E.13).
 * @example
 * ac4Codecs({ bitstreamVersion: 2, presentationVersion: 1, mdcompat: 1 }); // 'ac-4.02.01.01'
 */
export function ac4Codecs({ bitstreamVersion, presentationVersion, mdcompat }: Dac4): string {
  const versions = [bitstreamVersion, presentationVersion, mdcompat];
  return ['ac-4', ...versions.map((version) => version.toString(16).padStart(2, '0'))].join('.');
}

/** Bits of a box, the highest of each byte first. */
class Bits {
  readonly #reader: ByteReader;
  #byte = 0;
  #left = 0;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** A number of up to 32 bits. */
  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      if (this.#left === 0) {
        this.#byte = this.#reader.u8();
        this.#left = 8;
      }
      this.#left -= 1;
      value = value * 2 + ((this.#byte >> this.#left) & 1);
    }
    return value;
  }

  skip(count: number): this {
    for (let left = count; left > 0; left -= 32) this.take(Math.min(left, 32));
    return this;
  }

  /** Goes on with the next whole byte. */
  align(): this {
    this.#left = 0;
    return this;
  }
}

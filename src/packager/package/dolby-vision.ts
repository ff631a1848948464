import {
  DOLBY_VISION_CONFIGURATIONS,
  type DvcC,
  dolbyVisionCodecs,
  readDvcC,
} from '../../isobmff/boxes/dvcc.js';
import type { Movie } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import type { Colour, VideoRepresentation } from '../../manifest/presentation.js';

type Supplemental = NonNullable<VideoRepresentation['supplementalCodecs']>;

/** Dolby Vision by the sample entry of a base layer that other decoders read (Dolby Vision Streams Within ISOBMFF, 2.2). */
const FORMATS: Readonly<Record<string, string>> = {
  avc1: 'dva1',
  avc3: 'dvav',
  hvc1: 'dvh1',
  hev1: 'dvhe',
  av01: 'dav1',
};

/** HLG, and BT.2020 with HLG as its alternative in SEI messages (ISO/IEC 23091-2 8.2). */
const BT2020_10 = 14;

/** Brands of what the base layer looks like to others, by its compatibility id. */
const PROFILES: Readonly<Record<number, (colour: Colour | undefined) => string>> = {
  1: () => 'db1p',
  2: () => 'db2g',
  4: (colour) => (colour?.transfer === BT2020_10 ? 'db4g' : 'db4h'),
};

/** Dolby Vision over a base layer that plays without: undefined for other video, and for entries that are Dolby Vision by name. */
export function supplementalCodecsOf(
  { tracks: [{ entries }], moov }: Movie,
  colour: Colour | undefined,
): Supplemental | undefined {
  const [{ node, format }] = entries;
  const box = node.children.find(({ type }) => DOLBY_VISION_CONFIGURATIONS.includes(type));
  if (!box || !Object.hasOwn(FORMATS, format)) return undefined;
  const configuration: DvcC = readDvcC(readerOf(box, moov));
  const profile = PROFILES[configuration.compatibilityId]?.(colour);
  return profile === undefined
    ? undefined
    : { codecs: dolbyVisionCodecs(FORMATS[format], configuration), profile };
}

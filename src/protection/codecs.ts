import { PrpackError } from '../errors.js';
import { readEsds } from '../isobmff/boxes/esds.js';
import { mediaTypeOf } from '../isobmff/boxes/hdlr.js';
import type { Track } from '../isobmff/movie.js';
import { readerOf, type SampleEntry } from '../isobmff/sample-entry.js';
import { type FileSlice, findChild } from '../isobmff/walk.js';

/** How the samples of a codec are protected under Common Encryption. */
export type SampleProtection =
  /** NAL units: all but slice data stays clear (ISO/IEC 23001-7 9.5.2, 10). */
  | 'nal-units'
  /** Frames with headers that stay clear (AV1 in ISO BMFF, Common Encryption; VP codec ISO media binding). */
  | 'coded-ranges'
  /** The whole sample (ISO/IEC 23001-7 9.5.1). */
  | 'whole-sample';

const VIDEO: Readonly<Record<string, SampleProtection>> = {
  avc1: 'nal-units',
  avc3: 'nal-units',
  hvc1: 'nal-units',
  hev1: 'nal-units',
  // Dolby Vision, on its AVC or HEVC base
  dva1: 'nal-units',
  dvav: 'nal-units',
  dvh1: 'nal-units',
  dvhe: 'nal-units',
  vvc1: 'nal-units',
  vvi1: 'nal-units',
  av01: 'coded-ranges',
  dav1: 'coded-ranges', // Dolby Vision on an AV1 base
  vp09: 'coded-ranges',
};

/** Uncompressed sound, and sound of one byte a value: QuickTime File Format, Sound Media; ISO/IEC 23003-5. */
export const PCM_CODECS: ReadonlySet<string> = new Set([
  'ipcm',
  'fpcm',
  'sowt',
  'twos',
  'raw ',
  'in24',
  'in32',
  'fl32',
  'fl64',
  'lpcm',
  'alaw',
  'ulaw',
  'NONE',
]);

/** Audio whose whole samples are protected, and of which players are known that play it encrypted. */
const PLAYED_AUDIO = [
  'mp4a', // AAC, MP3 inside MPEG-4, and others by their object type
  'ac-3',
  'ec-3',
  'Opus',
  'fLaC',
  'alac',
  '.mp3',
  'mp3 ',
  // DTS, MPEG-H and IAMF: Encrypted Media Extensions of Chromium have names for them, on devices that decode them
  'dtsc',
  'dtse',
  'dtsx',
  'mha1',
  'mhm1',
  'iamf',
];

/** The same, but no player is known that plays it encrypted. */
const UNPLAYED_AUDIO = [
  'dtsh',
  'dtsl',
  'dts+',
  'dts-',
  'dtsy',
  'mha2',
  'mhm2',
  'mlpa',
  'samr',
  'sawb',
  'sawp',
];

const AUDIO: Readonly<Record<string, SampleProtection>> = Object.fromEntries(
  [...PLAYED_AUDIO, ...UNPLAYED_AUDIO, ...PCM_CODECS].map((fourcc) => [fourcc, 'whole-sample']),
);

/** The codecs that can be protected, by the fourcc of their sample entry. */
const CODECS: Readonly<Record<'audio' | 'video', Readonly<Record<string, SampleProtection>>>> = {
  video: VIDEO,
  audio: AUDIO,
};

/** How samples of that entry are protected, or undefined when no rule for them is known here. */
export function sampleProtectionOf(handler: string, fourcc: string): SampleProtection | undefined {
  const mediaType = mediaTypeOf(handler);
  const codecs = mediaType && CODECS[mediaType];
  return codecs && Object.hasOwn(codecs, fourcc) ? codecs[fourcc] : undefined;
}

/** The fourccs that can be encrypted, for messages. */
export function encryptableCodecs(mediaType: 'audio' | 'video'): string {
  return Object.keys(CODECS[mediaType])
    .map((fourcc) => fourcc.trim())
    .join(', ');
}

/** What to report of a track whose codec is encrypted by the rules, though no player is known to take it so. */
export function playerWarning({ id, entries }: Track): string | undefined {
  const unplayed = entries.find(
    ({ format }) => UNPLAYED_AUDIO.includes(format) || PCM_CODECS.has(format),
  )?.format;
  if (unplayed === undefined) return undefined;
  return `No player is known that plays ${unplayed.trim()} audio encrypted (track ${id}); decrypting gives it back.`;
}

/** Why a codec that looks like others is refused. */
const REFUSALS: Readonly<Record<string, string>> = {
  'ac-4':
    'the table of contents of each AC-4 frame must stay clear (ETSI TS 103 190-2), and its length cannot be read here',
};

/** Still pictures in QuickTime files: thumbnails, chapter pictures, slides. */
const PICTURE_ENTRIES = new Set(['jpeg', 'png ', 'gif ', 'tiff']);
/** Still pictures in `mp4v` (ISO/IEC 14496-1 7.2.6.6): JPEG, PNG, JPEG 2000. */
const PICTURE_OBJECT_TYPES = new Set([0x6c, 0x6d, 0x6e]);

/** Whether all samples of the track are still pictures, which are left clear like text. */
export function holdsPictures({ handler, entries }: Track, slice: FileSlice): boolean {
  return (
    mediaTypeOf(handler) === 'video' &&
    entries.every((entry) => {
      const objectType = objectTypeOf(entry, slice);
      return (
        PICTURE_ENTRIES.has(entry.format) ||
        (objectType !== undefined && PICTURE_OBJECT_TYPES.has(objectType))
      );
    })
  );
}

/** Of an `mp4v` entry. Undefined when it has no ES descriptor, or one that cannot be read. */
function objectTypeOf({ format, node }: SampleEntry, slice: FileSlice): number | undefined {
  const esds = format === 'mp4v' ? findChild(node, 'esds') : undefined;
  if (!esds) return undefined;
  try {
    return readEsds(readerOf(esds, slice)).objectTypeIndication;
  } catch (error) {
    if (error instanceof PrpackError) return undefined;
    throw error;
  }
}

/** Names of video object types (ISO/IEC 14496-1 7.2.6.6, and the registration authority's list). */
const OBJECT_TYPE_NAMES: Readonly<Record<number, string>> = {
  32: 'MPEG-4 Visual',
  33: 'AVC',
  34: 'AVC parameter sets',
  35: 'HEVC',
  96: 'MPEG-2 Simple',
  97: 'MPEG-2 Main',
  98: 'MPEG-2 SNR',
  99: 'MPEG-2 Spatial',
  100: 'MPEG-2 High',
  101: 'MPEG-2 4:2:2',
  106: 'MPEG-1',
  108: 'JPEG',
  109: 'PNG',
  110: 'JPEG 2000',
};

/** What is known of a codec that is refused, for a message: what an `mp4v` holds, or why the codec is refused. */
export function explainCodec(entry: SampleEntry, slice: FileSlice): string | undefined {
  const refusal = Object.hasOwn(REFUSALS, entry.format) ? REFUSALS[entry.format] : undefined;
  if (refusal !== undefined) return refusal;
  const objectType = objectTypeOf(entry, slice);
  if (objectType === undefined) return undefined;
  const name = OBJECT_TYPE_NAMES[objectType] ?? 'an unknown codec';
  return `it holds ${name} (object type 0x${objectType.toString(16).padStart(2, '0')})`;
}

/** Entries of samples that are protected by other systems than Common Encryption, which name themselves so. */
const FOREIGN_SYSTEMS: Readonly<Record<string, string>> = {
  drmi: 'Apple FairPlay',
  drms: 'Apple FairPlay',
  p608: 'Apple FairPlay',
  aavd: 'Audible',
};

/** The system that a sample entry says its samples are protected by, where it is not Common Encryption. */
export function foreignSystemOf({ format }: SampleEntry): string | undefined {
  return Object.hasOwn(FOREIGN_SYSTEMS, format) ? FOREIGN_SYSTEMS[format] : undefined;
}

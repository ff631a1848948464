/** How the samples of a codec are protected under Common Encryption. */
export type SampleProtection =
  /** NAL units: all but slice data stays clear (ISO/IEC 23001-7 10.2 for AVC, 10.3 for HEVC). */
  | 'nal-units'
  /** The whole sample (ISO/IEC 23001-7 9.5.1). */
  | 'whole-sample';

/** The codecs that can be protected, by the fourcc of their sample entry. */
const CODECS: Readonly<Record<'vide' | 'soun', Readonly<Record<string, SampleProtection>>>> = {
  vide: {
    avc1: 'nal-units',
    avc3: 'nal-units',
    hvc1: 'nal-units',
    hev1: 'nal-units',
    // Dolby Vision, on its AVC or HEVC base
    dva1: 'nal-units',
    dvav: 'nal-units',
    dvh1: 'nal-units',
    dvhe: 'nal-units',
  },
  soun: {
    mp4a: 'whole-sample', // AAC, and MP3 inside MPEG-4
    'ac-3': 'whole-sample',
    'ec-3': 'whole-sample',
    'ac-4': 'whole-sample',
    Opus: 'whole-sample',
    fLaC: 'whole-sample',
    alac: 'whole-sample',
    '.mp3': 'whole-sample',
    'mp3 ': 'whole-sample',
  },
};

/** How samples of that entry are protected, or undefined when no rule for them is known here. */
export function sampleProtectionOf(handler: string, fourcc: string): SampleProtection | undefined {
  return handler === 'vide' || handler === 'soun' ? CODECS[handler][fourcc] : undefined;
}

/** The fourccs that can be encrypted, for messages. */
export function encryptableCodecs(handler: 'vide' | 'soun'): string {
  return Object.keys(CODECS[handler])
    .map((fourcc) => fourcc.trim())
    .join(', ');
}

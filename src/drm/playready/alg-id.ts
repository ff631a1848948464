/** How the content is encrypted, in the words of the header: AES in counter mode, or in CBC mode. */
export type AlgId = 'AESCTR' | 'AESCBC';

/** Protection schemes of ISO/IEC 23001-7 clause 10, by their four-character code. */
export type ProtectionScheme = 'cenc' | 'cbcs' | 'cens' | 'cbc1';

/** The mode of each scheme. One KID and key serve one mode only (PlayReady Header Specification, 3.1.4). */
export const ALG_ID_OF: Readonly<Record<ProtectionScheme, AlgId>> = {
  cenc: 'AESCTR',
  cbcs: 'AESCBC',
  cens: 'AESCTR',
  cbc1: 'AESCBC',
};

/** Codes have two or three letters. Tags of five to eight are well formed, but no language has one (RFC 5646 2.2.1): they are names. */
const CODE = /^[a-z]{2,3}(?:-|$)/i;

/**
 * A language tag (RFC 5646) in its shortest form; undefined for what is none, and for `und`.
 * @example
 * languageTag('deu'); // 'de'
 */
export function languageTag(text: string): string | undefined {
  if (!CODE.test(text)) return undefined; // also x-private
  try {
    const [tag] = Intl.getCanonicalLocales(text);
    return tag === 'und' ? undefined : tag;
  } catch {
    return undefined; // RangeError: no language tag
  }
}

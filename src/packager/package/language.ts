/**
 * A language tag (RFC 5646) in its shortest form; undefined for what is none, and for `und`.
 * @example
 * languageTag('deu'); // 'de'
 */
export function languageTag(text: string): string | undefined {
  try {
    const [tag] = Intl.getCanonicalLocales(text);
    return tag === 'und' ? undefined : tag;
  } catch {
    return undefined; // RangeError: no language tag
  }
}

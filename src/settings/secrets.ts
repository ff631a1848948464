/** What stands in place of a hidden text. */
export const REDACTED = '[redacted]';

/**
 * Whether a text may be a content key or a key seed, or a slip of one: 16 hexadecimal digits or more, perhaps grouped
 * or with a prefix; 22 letters and digits or more in one piece; base64. A dashed UUID is a KID, which is public.
 */
export function looksLikeKey(text: string): boolean {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return false;
  if (/^(?:0x)?[0-9a-f]{16,}$/i.test(text.replace(/[\s:-]/g, ''))) return true;
  if (/^[A-Za-z0-9]{22,}$/.test(text)) return /[0-9]/.test(text);
  return isBase64(text) && /[a-z]/.test(text) && /[A-Z]/.test(text) && /[0-9]/.test(text);
}

/** Base64 of 16 bytes or more, in either alphabet; a path from the root is none. */
function isBase64(text: string): boolean {
  const whole = text.length % 4 === 0 || text.length === 22;
  return whole && text.length >= 22 && /^[A-Za-z0-9+_-][A-Za-z0-9+/_-]+={0,2}$/.test(text);
}

/** Longer values are cut in messages. */
const LONGEST_SHOWN = 60;

/** A value as a message may repeat it. What may be a key is hidden here, before a part of it could be cut out. */
export function presentable(given: unknown): string {
  if (typeof given !== 'string') return nameOfValue(given);
  if (looksLikeKey(given)) return REDACTED;
  return given.length > LONGEST_SHOWN ? `${given.slice(0, LONGEST_SHOWN)}…` : given;
}

/** A value that is no text: what it holds may be a key. */
function nameOfValue(given: unknown): string {
  if (Array.isArray(given)) return 'a list';
  if (typeof given === 'object' && given !== null) return 'an object';
  if (typeof given === 'function') return 'a function';
  return String(given);
}

/** Longer names may be keys that were put in the wrong place. */
const LONGEST_NAME = 32;

/** The name of an option that does not exist, as a message may repeat it. */
export function presentableName(name: string): string | undefined {
  return name.length <= LONGEST_NAME && !looksLikeKey(name) ? name : undefined;
}

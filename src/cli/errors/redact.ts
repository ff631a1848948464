import { SECRET_VARIABLES } from '../../config/names.js';

/** Returns the text with everything that may be a key replaced by `[redacted]`. */
export type Redact = (text: string) => string;

/** What stands in place of a hidden text. */
export const REDACTED = '[redacted]';

/** Shorter texts are no keys, and hiding them everywhere would make messages unreadable. */
const SHORTEST_SECRET = 8;

/**
 * Hides every argument and environment value that may be key material. Errors repeat what was given, and a key that
 * was put in the wrong place (`--keyy=0123…`, or where a file name belongs) must not come back in a message that
 * lands in a log.
 */
export function redactor(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): Redact {
  const found = [
    ...argv.flatMap(secretsOfArgument),
    ...SECRET_VARIABLES.map((name) => environment[name] ?? ''),
  ];
  const secrets = [...new Set(found)].filter((text) => text.length >= SHORTEST_SECRET);
  if (secrets.length === 0) return (text) => text;
  const longestFirst = secrets.sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escapeForRegExp).join('|'), 'gi');
  return (text) => text.replace(pattern, REDACTED);
}

/** The parts of one argument that are keys, for certain or by their looks. */
function secretsOfArgument(argument: string, index: number, argv: readonly string[]): string[] {
  if (argv[index - 1] === '--key') return [argument];
  if (argument.startsWith('--key=')) return [argument.slice('--key='.length)];
  const value = argument.slice(argument.indexOf('=') + 1);
  const parts = [argument, value, value.replace(/^(?:@|-+k?)/, '')];
  return parts.filter(looksLikeKey);
}

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

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

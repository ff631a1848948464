import { looksLikeKey, REDACTED } from '../../settings/secrets.js';
import { SECRET_VARIABLES } from '../../settings/variables.js';

/** Returns the text with everything that may be a key replaced by `[redacted]`. */
export type Redact = (text: string) => string;

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

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

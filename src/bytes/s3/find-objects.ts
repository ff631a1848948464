import type { FoundFiles } from '../find-files.js';
import { openS3 } from './client.js';
import { listKeys } from './list-keys.js';
import { parseS3Prefix } from './location.js';

/**
 * Objects whose keys fit a pattern, or that are below a prefix; names are relative to the part that is no pattern.
 * @param pattern undefined: all below it, but hidden ones
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function findObjects(
  prefix: string,
  pattern: string | undefined,
  isWanted: (path: string) => boolean,
): Promise<FoundFiles> {
  const location = parseS3Prefix(prefix.endsWith('/') ? prefix : `${prefix}/`);
  const s3 = await openS3();
  try {
    const names = (await listKeys(s3, location, undefined)).map((key) => key.slice(location.key.length));
    const fits = pattern === undefined ? isShown : matcherOf(pattern);
    return { folder: location.shown, paths: names.filter((name) => fits(name) && isWanted(name)) };
  } finally {
    s3.client.destroy();
  }
}

function isShown(name: string): boolean {
  return name !== '' && !name.endsWith('/') && !/(?:^|\/)\./.test(name);
}

/** What the parts of a pattern match, as in patterns for files. */
const PARTS: Readonly<Record<string, string>> = {
  '**/': '(?:[^/.][^/]*/)*',
  '**': '(?:[^/.][^/]*/)*[^/.][^/]*',
  '*': '[^/]*',
  '?': '[^/]',
  '{': '(?:',
  '}': ')',
  ',': '|',
};

/** `**`, `*`, `?`, `[a-z]` and `{a,b}`; a name that begins with a dot has to be named. */
function matcherOf(pattern: string): (name: string) => boolean {
  const text = pattern.replace(/\*\*\/|\*\*|\[[^\]/]+\]|[*?{},]|[\\^$+.()|[\]]/g, (part, at: number) => {
    if (part.length > 1 && part.startsWith('[')) return part.replace(/^\[!/, '[^');
    const isFirst = at === 0 || pattern[at - 1] === '/';
    return `${isFirst && /^[*?]$/.test(part) ? '(?!\\.)' : ''}${PARTS[part] ?? `\\${part}`}`;
  });
  const expression = new RegExp(`^${text}$`);
  return (name) => expression.test(name);
}

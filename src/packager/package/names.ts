import { basename, extname } from 'node:path';

/** What the parts of a file's name say of what is in it: `film.de.commentary.m4a`. */
export interface NameParts {
  /** RFC 5646. */
  readonly language?: string;
  readonly role?: 'commentary' | 'dub' | 'forced-subtitle' | 'caption' | 'description';
}

const ROLES: Readonly<Record<string, NonNullable<NameParts['role']>>> = {
  commentary: 'commentary',
  dub: 'dub',
  forced: 'forced-subtitle',
  sdh: 'caption',
  cc: 'caption',
  ad: 'description',
  description: 'description',
};

const LANGUAGE_NAMES = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });

/**
 * Looks at the parts of a name between its dots, but for the first and the extension.
 * @example
 * nameParts('film.de.commentary.m4a'); // { language: 'de', role: 'commentary' }
 */
export function nameParts(path: string): NameParts {
  const [, ...parts] = basename(path, extname(path)).split('.');
  const role = parts.map((part) => ROLES[part.toLowerCase()]).find((found) => found !== undefined);
  const language = parts.find((part) => !(part.toLowerCase() in ROLES) && isLanguage(part));
  return { ...(language !== undefined && { language }), ...(role && { role }) };
}

function isLanguage(part: string): boolean {
  if (!/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(part)) return false;
  try {
    return LANGUAGE_NAMES.of(part) !== undefined;
  } catch {
    return false; // no language tag
  }
}

import { PrpackError } from '../errors.js';
import type { Presentation, Role, SwitchingSet, ThumbnailRepresentation } from './presentation.js';

/**
 * A language tag in its shortest form, as RFC 5646 4.5 has it.
 * @throws PrpackError INVALID_ARGUMENT for what is no language tag
 * @example
 * shortestLanguage('ger'); // 'de'
 */
export function shortestLanguage(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0];
  } catch (cause) {
    throw new PrpackError(
      'INVALID_ARGUMENT',
      `"${language}" is no language tag`,
      {
        received: language,
        clause: 'RFC 5646 2.1',
        remedy: 'Give the language as a tag such as en, de or pt-BR.',
      },
      cause,
    );
  }
}

/**
 * The format of samples without its parameters: the part of `codecs` before the first dot (RFC 6381 3.3).
 * @example
 * codecFamily('mp4a.40.2'); // 'mp4a'
 */
export function codecFamily(codecs: string): string {
  return codecs.split('.')[0];
}

/**
 * The set of a kind that plays unless the user chooses another: the first with role `main`, else the first for everybody. Absent only
 * where there is none of the kind.
 * @example
 * mainSet(presentation, 'audio')?.language; // 'en'
 */
export function mainSet<K extends SwitchingSet['kind']>(
  presentation: Presentation,
  kind: K,
): Extract<SwitchingSet, { kind: K }> | undefined {
  const sets = setsOf(presentation, kind);
  return sets.find(({ roles }) => roles?.includes('main')) ?? sets.find(isForEverybody) ?? sets[0];
}

/**
 * The sets of one kind, without those for fast forward.
 * @example
 * setsOf(presentation, 'audio').map(({ language }) => language); // ['en', 'de']
 */
export function setsOf<K extends SwitchingSet['kind']>(
  { switchingSets }: Presentation,
  kind: K,
): Extract<SwitchingSet, { kind: K }>[] {
  const ofKind = (set: SwitchingSet): set is Extract<SwitchingSet, { kind: K }> => set.kind === kind;
  return switchingSets.filter(ofKind).filter((set) => !isTrickPlay(set));
}

/**
 * Sheets of tiles of all sets.
 * @example
 * thumbnailsOf(presentation).map(({ id }) => id); // ['tiles']
 */
export function thumbnailsOf(presentation: Presentation): ThumbnailRepresentation[] {
  return setsOf(presentation, 'thumbnails').flatMap(({ representations }) => representations);
}

/**
 * The roles of a set. Without roles of its own, text is subtitles, and what has the language of the main set for everybody is main,
 * in every codec: players start with a main set of a codec that they know.
 * @example
 * rolesOf(presentation, presentation.switchingSets[0]); // ['main']
 */
export function rolesOf(presentation: Presentation, set: SwitchingSet): readonly Role[] {
  if (set.roles && set.roles.length > 0) return set.roles;
  if (set.kind === 'text') return ['subtitle'];
  const isMain =
    set.kind !== 'thumbnails' &&
    !isTrickPlay(set) &&
    isForEverybody(set) &&
    mainSet(presentation, set.kind)?.language === set.language;
  return isMain ? ['main'] : [];
}

function isForEverybody({ roles, accessibility }: SwitchingSet): boolean {
  return !roles?.length && !accessibility?.length;
}

function isTrickPlay(set: SwitchingSet): boolean {
  return set.kind === 'video' && set.trickPlay !== undefined;
}

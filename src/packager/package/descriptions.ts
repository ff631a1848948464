import { basename } from 'node:path';
import { PrpackError } from '../../errors.js';
import { nearest } from '../../settings/nearest.js';
import { named } from '../../settings/spelling.js';
import type { PackageInput } from './inputs.js';
import { languageTag } from './language.js';
import { isRole, ROLES } from './roles.js';
import type { TrackDescription } from './types.js';

/** What each key of a description may say. */
const RULES: Readonly<Record<string, { fits(value: string): boolean; expected: string }>> = {
  lang: { fits: (value) => languageTag(value) !== undefined, expected: 'a language tag of RFC 5646' },
  role: { fits: isRole, expected: ROLES.join(', ') },
  name: { fits: (value) => value.trim() !== '', expected: 'a name for people' },
};

/** What can be said of an input. */
export const DESCRIPTION_KEYS: readonly string[] = Object.keys(RULES);

/** What would be expected where a description cannot be; undefined where it can. */
export function expectedOf(key: string, value: unknown): string | undefined {
  const rule = Object.hasOwn(RULES, key) ? RULES[key]! : undefined;
  if (!rule) return DESCRIPTION_KEYS.join(', ');
  return typeof value === 'string' && rule.fits(value) ? undefined : rule.expected;
}

/**
 * What was said of an input, by its path or its name.
 * @throws PrpackError INVALID_ARGUMENT for a description that fits no input, or that cannot be
 */
export function describer(
  inputs: readonly Pick<PackageInput, 'path'>[],
  descriptions: Readonly<Record<string, TrackDescription>>,
): (path: string) => TrackDescription {
  const fits = (path: string, key: string) => key === path || key === basename(path);
  for (const [input, description] of Object.entries(descriptions)) {
    if (!inputs.some(({ path }) => fits(path, input))) throw noInput(input, inputs);
    for (const [key, value] of Object.entries(description)) assertField(input, key, value);
  }
  return (path) => {
    const key = Object.keys(descriptions).find((one) => fits(path, one));
    return key === undefined ? {} : descriptions[key];
  };
}

function assertField(input: string, key: string, value: unknown): void {
  const expected = expectedOf(key, value);
  if (expected === undefined) return;
  const isKnown = DESCRIPTION_KEYS.includes(key);
  const what = isKnown ? `${key}=${String(value)}` : key;
  const meant = isKnown ? undefined : nearest(key, DESCRIPTION_KEYS);
  throw new PrpackError('INVALID_ARGUMENT', `${named('describe')} cannot say ${what} of ${input}`, {
    expected,
    received: isKnown ? String(value) : key,
    remedy: meant === undefined ? 'Give what is expected, or leave it out.' : `Did you mean ${meant}?`,
  });
}

function noInput(input: string, inputs: readonly Pick<PackageInput, 'path'>[]): PrpackError {
  const names = inputs.map(({ path }) => basename(path));
  const meant = nearest(input, names);
  return new PrpackError('INVALID_ARGUMENT', `${named('describe')} is about ${input}, which is no input`, {
    expected: names.join(', '),
    received: input,
    remedy: `${meant === undefined ? '' : `Did you mean ${meant}? `}Name an input by its path, or by its name alone.`,
  });
}

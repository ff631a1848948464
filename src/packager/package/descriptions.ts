import { basename } from 'node:path';
import { PrpackError } from '../../errors.js';
import { nearest } from '../../settings/nearest.js';
import { named } from '../../settings/spelling.js';
import type { PackageInput } from './inputs.js';
import { languageTag } from './language.js';
import { isRole, ROLES } from './roles.js';
import type { TrackDescription } from './types.js';

/** What each key of a description may say. */
const RULES: Readonly<Record<keyof TrackDescription, { fits(value: string): boolean; expected: string }>> = {
  lang: { fits: (value) => languageTag(value) !== undefined, expected: 'a language tag of RFC 5646' },
  role: { fits: isRole, expected: ROLES.join(', ') },
  name: { fits: (value) => value.trim() !== '', expected: 'a name for people' },
};

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
  const rule = Object.hasOwn(RULES, key) ? RULES[key as keyof TrackDescription] : undefined;
  if (rule && typeof value === 'string' && rule.fits(value)) return;
  const what = rule ? `${key}=${String(value)}` : key;
  const meant = rule ? undefined : nearest(key, Object.keys(RULES));
  throw new PrpackError('INVALID_ARGUMENT', `${named('describe')} cannot say ${what} of ${input}`, {
    expected: rule?.expected ?? Object.keys(RULES).join(', '),
    received: rule ? String(value) : key,
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

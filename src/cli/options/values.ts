import { PrpackError } from '../../errors.js';
import { invalidValue } from '../../settings/check.js';
import * as kinds from '../../settings/kinds.js';

/** Turns the text of an option into its value. */
export type ParseValue<T> = (text: string, previous?: T) => T;

/** Reads the text of an option by what its value can be. */
export function readValue<T>(flag: string, kind: kinds.Kind): ParseValue<T> {
  return (text) => {
    const value = kind.read(text);
    if (!kind.fits(value)) throw invalidValue(flag, text, kind);
    return value as T;
  };
}

/** One of a few words. */
export function oneOf<T extends string>(flag: string, words: readonly T[]): ParseValue<T> {
  return readValue(flag, kinds.oneOf(...words));
}

/** An integer in a range, in decimal digits. */
export function integer(flag: string, min: number, max: number, unit: string): ParseValue<number> {
  return readValue(flag, kinds.integer(min, max, unit));
}

/** The index of a crypto period. */
export function periodIndex(flag: string): ParseValue<number> {
  return readValue(flag, {
    ...kinds.integer(0, Number.MAX_SAFE_INTEGER, ''),
    allowed: 'the index of a crypto period: 0, 1, …',
  });
}

/** An absolute http or https URL, taken as it is. */
export function absoluteUrl(flag: string): ParseValue<string> {
  return readValue(flag, kinds.URL_TEXT);
}

/** Text of at least one character. */
export function nonEmpty(flag: string): ParseValue<string> {
  return readValue(flag, kinds.TEXT);
}

/** Lets an option be given several times; the values are kept in their order. */
export function repeatable<T>(parse: ParseValue<T>): ParseValue<readonly T[]> {
  return (text, previous = []) => [...previous, parse(text)];
}

/** Refuses a second value, where taking the last one would hide a mistake that cannot be undone. */
export function once<T>(flag: string, parse: ParseValue<T>): ParseValue<T> {
  return (text, previous) => {
    if (previous !== undefined) {
      throw new PrpackError('INVALID_ARGUMENT', `${flag} is given twice`, { remedy: `Give ${flag} once.` });
    }
    return parse(text);
  };
}

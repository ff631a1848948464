import { PrpackError } from '../../errors.js';
import { looksLikeKey, REDACTED } from '../errors/redact.js';

/** Turns the text of an option into its value. */
export type ParseValue<T> = (text: string, previous?: T) => T;

/** Longer values are cut in messages. */
const LONGEST_SHOWN = 60;

/** The error for an option value that cannot be: which option, what was given, what is allowed. */
export function invalidValue(flag: string, given: string, allowed: string): PrpackError {
  const shown = presentable(given);
  return new PrpackError('INVALID_ARGUMENT', `${flag} cannot be '${shown}'`, {
    expected: allowed,
    received: shown,
    remedy: `Give ${flag} as ${allowed}.`,
  });
}

/** A value as a message may repeat it. What may be a key is hidden here, before a part of it could be cut out. */
function presentable(given: string): string {
  if (looksLikeKey(given)) return REDACTED;
  return given.length > LONGEST_SHOWN ? `${given.slice(0, LONGEST_SHOWN)}…` : given;
}

/** One of a few words. */
export function oneOf<T extends string>(flag: string, words: readonly T[]): ParseValue<T> {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw invalidValue(flag, text, words.join(' or '));
    return found;
  };
}

/** A comma-separated list of words, each taken once. */
export function listOf<T extends string>(flag: string, words: readonly T[]): ParseValue<readonly T[]> {
  return (text) => {
    const parts = text.split(',').map((part) => part.trim());
    const unknown = parts.find((part) => !words.some((word) => word === part));
    if (unknown !== undefined) throw invalidValue(flag, text, `a list of ${words.join(', ')}, as in a,b`);
    return words.filter((word) => parts.includes(word));
  };
}

/** An integer in a range, in decimal digits. */
export function integer(flag: string, min: number, max: number, unit: string): ParseValue<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw invalidValue(flag, text, `a number of ${unit} from ${min} to ${max}`);
    }
    return value;
  };
}

/** Seconds above zero, with or without a fraction. */
export function seconds(flag: string, max: number): ParseValue<number> {
  return (text) => {
    const value = /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value > 0 && value <= max)) {
      throw invalidValue(flag, text, `a number of seconds above 0 and up to ${max}, such as 2 or 4.004`);
    }
    return value;
  };
}

/** An absolute http or https URL, taken as it is. */
export function absoluteUrl(flag: string): ParseValue<string> {
  return (text) => {
    if (!(/^https?:\/\/[^/?#\s]/i.test(text) && !/\s/.test(text) && URL.canParse(text))) {
      throw invalidValue(flag, text, 'a whole URL, such as https://drm.example.com/rightsmanager.asmx');
    }
    return text;
  };
}

/** Text of at least one character. */
export function nonEmpty(flag: string): ParseValue<string> {
  return (text) => {
    if (text === '') throw invalidValue(flag, text, 'a text of at least one character');
    return text;
  };
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

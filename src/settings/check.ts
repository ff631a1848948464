import { PrpackError } from '../errors.js';
import type { Kind } from './kinds.js';
import { nearest } from './nearest.js';
import type { Option, Taker } from './option.js';
import { OPTIONS } from './options.js';
import { presentable, presentableName, REDACTED } from './secrets.js';

/** What is wrong with an object of options. */
export type Fault =
  /** It is no object. */
  | { readonly problem: 'shape' }
  /** There is no option of the name; `meant` is what was probably meant. */
  | { readonly problem: 'unknown'; readonly name: string; readonly meant?: string | undefined }
  | { readonly problem: 'missing'; readonly name: string; readonly kind: Kind }
  /** `name` leads into lists and objects: `systems.1`. */
  | { readonly problem: 'value'; readonly name: string; readonly kind: Kind; readonly given: unknown };

const BY_TAKER = new Map<Taker, ReadonlyMap<string, Option>>();

/** The options that an entry point of the library takes, by the names that they have there. */
export function optionsTakenBy(taker: Taker): ReadonlyMap<string, Option> {
  let options = BY_TAKER.get(taker);
  if (!options) {
    const taken = OPTIONS.filter(({ of }) => of.includes(taker));
    options = new Map(taken.map((option) => [nameIn(option, taker), option]));
    BY_TAKER.set(taker, options);
  }
  return options;
}

function nameIn({ name, playready }: Option, taker: Taker): string {
  return taker === 'playready' ? playready! : name;
}

/**
 * Holds what was given to an entry point of the library against the options that it takes. Options that are undefined count as not given.
 * @throws PrpackError INVALID_ARGUMENT, which names the option that is unknown, missing, or has a value that cannot be
 */
export function checkOptions(taker: Taker, given: unknown): void {
  const fault = findFault(given, optionsTakenBy(taker), libraryRules(meantBy(taker)));
  if (fault) throw optionError(taker, fault);
}

/** How an object of options is looked at. */
export interface Rules {
  /** What the value of an option can be here. */
  readonly kindOf: (option: Option) => Kind;
  readonly isRequired: (option: Option) => boolean;
  /** What was probably meant by a name that is unknown. */
  readonly meant: (name: string) => string | undefined;
}

/** What entry points of the library go by. */
function libraryRules(meant: Rules['meant']): Rules {
  return { kindOf: ({ kind }) => kind, isRequired: ({ required }) => required === true, meant };
}

/** The first thing wrong with an object of options, or undefined. */
export function findFault(
  given: unknown,
  options: ReadonlyMap<string, Option>,
  { kindOf, isRequired, meant }: Rules,
): Fault | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return { problem: 'shape' };
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  const unknown = entries.find(([name]) => !options.has(name));
  if (unknown) return { problem: 'unknown', name: unknown[0], meant: meant(unknown[0]) };
  for (const [name, option] of options) {
    if (isRequired(option) && !entries.some(([one]) => one === name)) {
      return { problem: 'missing', name, kind: kindOf(option) };
    }
  }
  for (const [name, value] of entries) {
    const fault = faultOfValue(name, value, kindOf(options.get(name)!));
    if (fault) return fault;
  }
  return undefined;
}

function faultOfValue(name: string, value: unknown, kind: Kind): Fault | undefined {
  if (kind.takes !== undefined && kind.fits(value)) return faultInside(name, value, kind.takes as Taker);
  if (kind.fits(value)) return undefined;
  const { items } = kind;
  const at = items && Array.isArray(value) ? value.findIndex((item) => !items.fits(item)) : -1;
  if (at < 0) return { problem: 'value', name, kind, given: value };
  return { problem: 'value', name: `${name}.${at}`, kind: items!, given: (value as unknown[])[at] };
}

/** What is wrong with an object of options inside another. */
function faultInside(name: string, value: unknown, taker: Taker): Fault | undefined {
  const fault = findFault(value, optionsTakenBy(taker), libraryRules(meantBy(taker)));
  if (!fault || fault.problem === 'shape') return fault;
  const inside = { ...fault, name: `${name}.${fault.name}` };
  if (inside.problem !== 'unknown' || inside.meant === undefined) return inside;
  return { ...inside, meant: `${name}.${inside.meant}` };
}

/** What was probably meant: an option of this entry point, one inside its `playready`, or how else code says it. */
function meantBy(taker: Taker): (name: string) => string | undefined {
  return (name) => {
    const options = optionsTakenBy(taker);
    const places = new Map<string, string>();
    if (options.has('playready')) {
      for (const { name: one, playready } of OPTIONS) {
        if (playready !== undefined) places.set(one, `playready.${playready}`);
      }
    }
    for (const one of options.keys()) places.set(one, one);
    const found = nearest(name, [...places.keys()]);
    const exactly = OPTIONS.find((option) => option.name === name && option.code !== undefined);
    return exactly && options.has('keys') && found !== name ? exactly.code : found && places.get(found);
  };
}

function optionError(taker: Taker, fault: Fault): PrpackError {
  if (fault.problem === 'shape') {
    const first = [...optionsTakenBy(taker)].find(([, { required }]) => required)?.[0] ?? '';
    return new PrpackError('INVALID_ARGUMENT', `${taker} takes one object of options`, {
      remedy: `Call it as ${taker}({ ${first === '' ? '' : `${first}: `}… }).`,
    });
  }
  if (fault.problem === 'unknown') return unknownOption(taker, fault.name, fault.meant);
  const { name, kind } = fault;
  const allowed = allowedText(kind);
  if (fault.problem === 'missing') {
    return new PrpackError('INVALID_ARGUMENT', `${taker}: ${name} is missing`, {
      expected: allowed,
      remedy: `Give ${name} as ${allowed}.`,
    });
  }
  return invalidValue(name, fault.given, kind);
}

function unknownOption(taker: Taker, name: string, meant: string | undefined): PrpackError {
  const shown = presentableName(name);
  const message =
    shown === undefined
      ? `${taker} has no option with so long a name`
      : `${taker} has no option ${shown}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
  return new PrpackError('INVALID_ARGUMENT', message, {
    remedy:
      meant === undefined
        ? `Options of ${taker} are ${[...optionsTakenBy(taker).keys()].join(', ')}.`
        : `Write ${meant}, or leave it out.`,
  });
}

/** The error for a value that cannot be: of which option, what was given, what is allowed. */
export function invalidValue(
  name: string,
  given: unknown,
  kind: Pick<Kind, 'allowed' | 'example' | 'words' | 'isSecret'>,
): PrpackError {
  const shown = kind.isSecret ? REDACTED : presentable(given);
  const meant = typeof given === 'string' && kind.words && likeWord(given, kind.words);
  const question = meant ? ` (did you mean ${meant}?)` : '';
  const allowed = allowedText(kind);
  return new PrpackError('INVALID_ARGUMENT', `${name} cannot be '${shown}'${question}`, {
    expected: allowed,
    received: shown,
    remedy: `Give ${name} as ${allowed}.`,
  });
}

/** Words of few letters are all alike. */
function likeWord(given: string, words: readonly string[]): string | undefined {
  return given.length < 4
    ? undefined
    : nearest(
        given,
        words.filter((word) => word.length >= 4),
      );
}

export function allowedText({ allowed, example }: Pick<Kind, 'allowed' | 'example'>): string {
  return example === undefined ? allowed : `${allowed}, such as ${example}`;
}

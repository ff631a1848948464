/** A JSON Schema (draft 2020-12) without its description. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What the value of an option can be. */
export interface Kind {
  /** In words, as after "Give it as". */
  readonly allowed: string;
  /** One that would do, where the words alone do not show it. */
  readonly example?: string;
  /** Absent where only code can give one: a function, a stream, a key source. */
  readonly schema?: JsonSchema;
  readonly fits: (value: unknown) => boolean;
  /** The value that a text stands for, on the command line, in a variable or in a cell. What cannot be read stays the text. */
  readonly read: (text: string) => unknown;
  /** Where the value is one of a few words. */
  readonly words?: readonly string[];
  /** Where the value is a list: what its items can be. */
  readonly items?: Kind;
  /** What stands between the items of a list in a cell of a table; spaces, commas or semicolons unless it says otherwise. */
  readonly separator?: RegExp;
  /** Where the value is an object of options: whose. */
  readonly takes?: string;
  /** Whether a wrong value may be a secret, which no message repeats. */
  readonly isSecret?: true;
  /** Where the value names a file: what stands in front of its path, and the path. */
  readonly fileIn?: (value: string) => readonly [front: string, path: string] | undefined;
}

const asText = (text: string): unknown => text;
const isText = (value: unknown): value is string => typeof value === 'string';

/** Text of at least one character. */
export const TEXT: Kind = {
  allowed: 'a text of at least one character',
  schema: { type: 'string', minLength: 1 },
  fits: (value) => isText(value) && value !== '',
  read: asText,
};

/** The path of a file. */
export const FILE: Kind = { ...TEXT, allowed: 'the path of a file', fileIn: (value) => ['', value] };

/** Whether a text that may be the path of a file is a URL of http or https. */
export function isWebAddress(location: string): boolean {
  return /^https?:/i.test(location);
}

/** Text that a regular expression matches. */
export function text(allowed: string, pattern: RegExp, more: Partial<Kind> = {}): Kind {
  return {
    allowed,
    schema: { type: 'string', pattern: pattern.source },
    fits: (value) => isText(value) && pattern.test(value),
    read: asText,
    ...more,
  };
}

/**
 * The path of a file that lines are added to, or that its owner alone may read. No object can be either: it is written once, and its bucket
 * says who reads it, and keeps what was removed where it has versions.
 */
export const FILE_ON_DISK: Kind = text(
  'the path of a file on a disk, which no object of S3 can stand for',
  /^(?![Ss]3:\/\/)[\s\S]/,
  { fileIn: FILE.fileIn! },
);

/** An absolute http or https URL, taken as it is. */
export const URL_TEXT: Kind = {
  ...text('a whole http or https URL', /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^/?#\s]\S*$/, {
    example: 'https://drm.example.com/rightsmanager.asmx',
  }),
  fits: (value) => isText(value) && /^https?:\/\/[^/?#\s]\S*$/i.test(value) && URL.canParse(value),
};

/** The name of a file after an `@`. */
export function fileAfterAt(example: string, more: Partial<Kind> = {}): Kind {
  return text('the name of a file after an @', /^@./, {
    example: `@${example}`,
    ...more,
    fileIn: (value) => ['@', value.slice(1)],
  });
}

export const BOOLEAN: Kind = {
  allowed: 'true or false',
  schema: { type: 'boolean' },
  fits: (value) => typeof value === 'boolean',
  read: (given) => (given === 'true' ? true : given === 'false' ? false : given),
};

/** One of a few words. */
export function oneOf(...words: readonly string[]): Kind {
  return {
    allowed: words.join(' or '),
    schema: { type: 'string', ...(words.length === 1 ? { const: words[0] } : { enum: words }) },
    fits: (value) => isText(value) && words.includes(value),
    read: asText,
    words,
  };
}

/** One of a few numbers. */
export function oneNumberOf(...numbers: readonly number[]): Kind {
  return {
    allowed: numbers.join(' or '),
    schema: { type: 'number', enum: numbers },
    fits: (value) => numbers.some((number) => number === value),
    read: (given) => numbers.find((number) => `${number}` === given) ?? given,
  };
}

/** An integer in a range; as text, in decimal digits. */
export function integer(min: number, max: number, unit: string): Kind {
  return {
    allowed: `a number of ${unit} from ${min} to ${max}`,
    schema: { type: 'integer', minimum: min, maximum: max },
    fits: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    read: (given) => (/^\d{1,15}$/.test(given) ? Number(given) : given),
  };
}

/** Seconds above zero, with or without a fraction. */
export function seconds(max: number): Kind {
  return {
    allowed: `a number of seconds above 0 and up to ${max}`,
    example: '2 or 4.004',
    schema: { type: 'number', exclusiveMinimum: 0, maximum: max },
    fits: (value) => typeof value === 'number' && value > 0 && value <= max,
    read: (given) => (/^\d{1,9}(?:\.\d{1,9})?$/.test(given) ? Number(given) : given),
  };
}

/** A time from a beginning on, in seconds with or without a fraction. */
export const TIME: Kind = {
  allowed: 'a time in seconds, of at least 0',
  example: '600 or 600.5',
  schema: { type: 'number', minimum: 0 },
  fits: (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  read: (given) => (/^\d{1,9}(?:\.\d{1,9})?$/.test(given) ? Number(given) : given),
};

/** A list; of at least one item unless `min` says otherwise. */
export function listOf(
  items: Kind,
  allowed = `a list, each item ${items.allowed}`,
  min = 1,
  separator = /[\s,;]+/,
): Kind {
  return {
    allowed,
    ...(items.schema && { schema: { minItems: min, type: 'array', items: items.schema } }),
    fits: (value) => Array.isArray(value) && value.length >= min && value.every(items.fits),
    read: (given) => given.split(separator).map((part) => items.read(part)),
    items,
    separator,
  };
}

/** A list of words; as text with commas between, each taken once, in the order of `words`. */
export function wordsOf(words: readonly string[], min = 1): Kind {
  const list = listOf(oneOf(...words), `a list of ${words.join(', ')}`, min);
  return {
    ...list,
    read: (given) => {
      const parts = given.split(',').map((part) => part.trim());
      return parts.every((part) => words.includes(part))
        ? words.filter((word) => parts.includes(word))
        : given;
    },
  };
}

/** What fits one of two kinds. */
export function either(first: Kind, second: Kind, allowed: string): Kind {
  return {
    allowed,
    schema: { anyOf: [first.schema, second.schema] },
    fits: (value) => first.fits(value) || second.fits(value),
    read: (given) => {
      const read = first.read(given);
      return first.fits(read) ? read : second.read(given);
    },
  };
}

/** Any JSON object. */
export const OBJECT: Kind = {
  allowed: 'an object',
  schema: { type: 'object' },
  fits: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  read: (given) => {
    try {
      return JSON.parse(given);
    } catch {
      return given;
    }
  },
};

/** An object of options, which are checked by their own rows. */
export function optionsOf(taker: string): Kind {
  return { ...OBJECT, allowed: 'an object of options', takes: taker };
}

export const FUNCTION: Kind = {
  allowed: 'a function',
  fits: (value) => typeof value === 'function',
  read: asText,
};

/** Bytes. */
export const BYTES: Kind = {
  allowed: 'a Uint8Array',
  fits: (value) => value instanceof Uint8Array,
  read: asText,
};

/** An object of code, recognized by its methods and properties. */
export function objectWith(allowed: string, ...members: readonly string[]): Kind {
  return {
    allowed,
    fits: (value) => typeof value === 'object' && value !== null && members.every((name) => name in value),
    read: asText,
  };
}

/** What only code can give and fits one of several kinds. */
export function anyOf(allowed: string, ...kinds: readonly Kind[]): Kind {
  return { allowed, fits: (value) => kinds.some((kind) => kind.fits(value)), read: asText };
}

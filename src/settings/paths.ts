import { resolve } from 'node:path';
import type { Kind } from './kinds.js';
import type { Option } from './option.js';

/** The values with the names of files in them taken from a directory. `kindOf` says what the value of an option can be there. */
export function withAbsolutePaths<Values extends object>(
  values: Values,
  options: readonly Option[],
  kindOf: (option: Option) => Kind,
  directory: string,
): Values {
  const absolute = options.flatMap((option) => {
    const value = (values as Readonly<Record<string, unknown>>)[option.name];
    const { fileIn } = kindOf(option);
    if (value === undefined || !fileIn) return [];
    const absoluteOf = (one: unknown) =>
      typeof one === 'string' ? absolutePath(one, fileIn, directory) : one;
    return [[option.name, Array.isArray(value) ? value.map(absoluteOf) : absoluteOf(value)]];
  });
  return { ...values, ...Object.fromEntries(absolute) };
}

function absolutePath(value: string, fileIn: NonNullable<Kind['fileIn']>, directory: string): string {
  const named = fileIn(value);
  return named ? `${named[0]}${resolve(directory, named[1])}` : value;
}

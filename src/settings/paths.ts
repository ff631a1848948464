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
    const named = typeof value === 'string' ? kindOf(option).fileIn?.(value) : undefined;
    return named ? [[option.name, `${named[0]}${resolve(directory, named[1])}`]] : [];
  });
  return { ...values, ...Object.fromEntries(absolute) };
}

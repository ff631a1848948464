import { isAbsolute, join, posix, resolve } from 'node:path';
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
  return named ? `${named[0]}${absoluteName(directory, named[1])}` : value;
}

/** A path from a directory on, or a key from a prefix on; a URL and an absolute path as they are. */
export function absoluteName(directory: string, name: string): string {
  if (isUrl(name)) return name;
  return isUrl(directory) && !isAbsolute(name) ? nameBelow(directory, name) : resolve(directory, name);
}

/** `join` of a folder and a name in it, where the folder may be a URL. */
export function nameBelow(folder: string, name: string): string {
  const [, root, path = ''] = /^([a-z][a-z\d+.-]*:\/\/[^/]*)(.*)$/is.exec(folder) ?? [];
  return root === undefined ? join(folder, name) : `${root}${posix.join('/', path, name)}`;
}

/** Whether a name begins with a scheme, as `s3://` and `https://` do: it is no path, and no directory changes it. */
export function isUrl(name: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(name);
}

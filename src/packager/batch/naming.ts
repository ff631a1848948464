import { isAbsolute, join, parse, posix, relative, resolve } from 'node:path';
import { isS3Url } from '../../bytes/s3/location.js';
import { PrpackError } from '../../errors.js';

/** Names of outputs when no template is given. */
export const DEFAULT_TEMPLATE = '{name}.enc.mp4';

/** Names of folders of titles when no template is given. */
export const DEFAULT_TITLE_TEMPLATE = '{name}';

/** What a template can say of an input. */
export interface NameParts {
  /** File name without its extension. */
  readonly name: string;
  /** Extension without its dot; may be empty. */
  readonly ext: string;
  /** Folder below the one that was searched, with slashes; empty for files directly in it. */
  readonly dir: string;
  readonly contentId: string;
}

const TOKENS = ['name', 'ext', 'dir', 'contentId'] as const satisfies readonly (keyof NameParts)[];

/** The parts of an input's path, which has slashes and is relative to the folder that was searched. */
export function namePartsOf(path: string, contentId?: string): NameParts {
  const { dir, name, ext } = parse(path);
  return { name, ext: ext.slice(1), dir, contentId: contentId ?? defaultContentId(path) };
}

/** The path without its extension, so that files of the same name in different folders are different contents. */
export function defaultContentId(path: string): string {
  const { dir, name } = parse(path);
  return dir === '' ? name : `${dir}/${name}`;
}

/**
 * Makes paths of outputs, absolute, from the parts of inputs. Folders of inputs are kept unless the template places them by `{dir}`.
 * @throws PrpackError INVALID_ARGUMENT for a template with an unknown part; from the result, for an output outside of `outDir`
 */
export function outputNamer(template: string, outDir: string): (parts: NameParts) => string {
  const unknown = [...template.matchAll(/\{([^{}]*)\}/g)].find(
    ([, token]) => !TOKENS.some((known) => known === token),
  );
  if (unknown || template === '') {
    throw new PrpackError('INVALID_ARGUMENT', 'the template for names cannot be used', {
      expected: `text with ${TOKENS.map((token) => `{${token}}`).join(', ')}`,
      received: unknown?.[0] ?? 'an empty text',
      remedy: `Give a template such as ${DEFAULT_TEMPLATE}.`,
    });
  }
  const placesFolders = template.includes('{dir}');
  return (parts) => {
    const name = template.replace(/\{([^{}]*)\}/g, (_, token: keyof NameParts) => parts[token]);
    return insideOf(outDir, placesFolders ? name : join(parts.dir, name));
  };
}

/**
 * An output that a manifest names: absolute, or relative to `outDir` and inside of it.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function namedOutput(path: string, outDir: string): string {
  if (isS3Url(path)) return path.replace(/\/+$/, ''); // of a title
  return isAbsolute(path) ? resolve(path) : insideOf(outDir, path);
}

function insideOf(outDir: string, path: string): string {
  if (isS3Url(outDir)) return belowPrefix(outDir, path);
  const folder = resolve(outDir);
  const output = join(folder, path);
  const way = relative(folder, output);
  if (way !== '' && way.split(/[\\/]/)[0] !== '..' && !isAbsolute(way)) return output;
  throw outside(output, folder);
}

function belowPrefix(prefix: string, path: string): string {
  const key = posix.normalize(path);
  const output = `${prefix.replace(/\/?$/, '/')}${key}`;
  if (key !== '.' && key.split('/')[0] !== '..' && !key.startsWith('/')) return output;
  throw outside(output, prefix);
}

function outside(output: string, folder: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `the output ${output} would be outside of ${folder}`, {
    path: output,
    remedy: 'Take the parts that lead out of the folder (..) away from the content id, or name the output.',
  });
}

import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { PackageOptions, TitleOptions, TrackDescription } from '../../index.js';
import type { Option } from '../../settings/option.js';
import { attributeOf, rivalsOf, TITLE_FIELDS } from '../../settings/options.js';
import { isGiven } from './settings.js';

type Library = typeof import('../../index.js');
type Descriptions = NonNullable<PackageOptions['describe']>;

const TITLE_FILE = /\.(?:ya?ml|json)$/i;

/** Flags that name a file, where a title file has what is in it. */
const LOADED_BY_FLAG = ['policy', 'customAttributes'];

/**
 * The title that the arguments name: by its file, or by its inputs themselves.
 * @throws PrpackError INVALID_ARGUMENT, and as `readTitleFile`
 */
export async function titleOf(inputs: readonly string[], library: Library): Promise<TitleOptions> {
  const file = inputs.find((input) => TITLE_FILE.test(input));
  if (file === undefined) return { inputs };
  if (inputs.length === 1) return library.readTitleFile(file);
  throw new PrpackError('INVALID_ARGUMENT', `the title file ${file} has all inputs of the title`, {
    received: inputs.join(', '),
    remedy: 'Give the title file alone, and name the other inputs in it.',
  });
}

/** Flags as if what the title says had been given by them, where the command line says nothing else. */
export function flagsOfTitle<Flags extends object>(
  flags: Flags,
  title: TitleOptions,
  command: Command,
): Flags {
  const said = fieldsSaidBy(title, command);
  const rivals = said.flatMap(([option]) =>
    TITLE_FIELDS.filter(({ name }) => rivalsOf(option).includes(name)),
  );
  const values = said.map(([option, value]) => [
    attributeOf(option),
    LOADED_BY_FLAG.includes(option.name) ? undefined : value,
  ]);
  const without = rivals.map((option) => [attributeOf(option), undefined]);
  return { ...flags, ...Object.fromEntries([...without, ...values]) };
}

/** Options of the library, made of flags with those of the title, and of what of the title no flag can say. */
export function optionsOfTitle(
  options: Readonly<Record<string, unknown>>,
  title: TitleOptions,
  command: Command,
): Readonly<Record<string, unknown>> {
  const { policy, customAttributes } = Object.fromEntries(
    fieldsSaidBy(title, command).map(([{ name }, value]) => [name, value]),
  );
  const describe = describedBy(options.describe as Descriptions | undefined, title);
  return {
    ...options,
    inputs: title.inputs,
    ...(policy !== undefined && { policy }),
    ...(customAttributes !== undefined && {
      playready: { ...(options.playready as object), customAttributes },
    }),
    ...(describe && { describe }),
  };
}

/** @throws PrpackError INVALID_ARGUMENT */
export function assertOutDir({ outDir }: { readonly outDir?: string }): void {
  if (outDir !== undefined) return;
  throw new PrpackError('INVALID_ARGUMENT', 'there is no name of a folder for the presentation', {
    remedy: 'Name it with --out-dir, or as outDir in a title file.',
  });
}

/** What the title says and the command line does not. */
function fieldsSaidBy({ playready, ...title }: TitleOptions, command: Command): [Option, unknown][] {
  const options = title as Readonly<Record<string, unknown>>;
  const header = { ...playready } as Readonly<Record<string, unknown>>;
  return TITLE_FIELDS.flatMap((option): [Option, unknown][] => {
    if (option.flag === undefined || isGiven(command, attributeOf(option))) return [];
    if (
      TITLE_FIELDS.some(
        (rival) => rivalsOf(option).includes(rival.name) && isGiven(command, attributeOf(rival)),
      )
    )
      return [];
    const value = option.playready === undefined ? options[option.name] : header[option.playready];
    return value === undefined ? [] : [[option, value]];
  });
}

/** Descriptions of the title, with what --describe says of the same inputs in place of it. */
function describedBy(
  given: Descriptions | undefined,
  { inputs, describe }: TitleOptions,
): Descriptions | undefined {
  if (!given || !describe) return given ?? describe;
  const merged: Record<string, TrackDescription> = { ...describe };
  for (const [name, said] of Object.entries(given)) {
    const path = inputs.find((input) => input === resolve(name) || basename(input) === name) ?? name;
    merged[path] = { ...merged[path], ...said };
  }
  return merged;
}

import { kindOfName } from '../../bytes/files.js';
import { type Fault, findFault, type Rules } from '../../settings/check.js';
import { TEXT } from '../../settings/kinds.js';
import { nearest } from '../../settings/nearest.js';
import type { Option } from '../../settings/option.js';
import { rivalsOf, TITLE_FIELDS } from '../../settings/options.js';
import { absoluteName, withAbsolutePaths } from '../../settings/paths.js';
import { DESCRIPTION_KEYS, expectedOf } from './descriptions.js';
import type { TitleOptions, TrackDescription } from './types.js';

const FIELDS_BY_NAME = new Map(TITLE_FIELDS.map((option) => [option.name, option]));

/** Names of all fields. */
export const TITLE_FIELD_NAMES: readonly string[] = [...FIELDS_BY_NAME.keys()];

const kindOf = ({ kind, inTitle = kind }: Option) => inTitle;

const RULES: Rules = {
  kindOf,
  isRequired: ({ name }) => name === 'inputs',
  meant: (name) => nearest(name, TITLE_FIELD_NAMES),
};

/** Of what is said of a title whose inputs stand elsewhere. */
const RULES_OF_PART: Rules = { ...RULES, isRequired: () => false };

/** A path, or a path with what it is. */
type GivenInput = string | ({ readonly path: string } & TrackDescription);

type Fields = Readonly<Record<string, unknown>> & { readonly inputs?: readonly GivenInput[] };

/**
 * Checks the fields of a title, and makes options of them.
 * @param folder that paths are relative to
 */
export function readTitleFields(value: unknown, folder: string): TitleOptions | Fault {
  return readFields(value, folder, RULES) as TitleOptions | Fault;
}

/** As {@link readTitleFields}, of a title whose inputs are named elsewhere. */
export function readTitlePart(value: unknown, folder: string): Partial<TitleOptions> | Fault {
  return readFields(value, folder, RULES_OF_PART);
}

/** What is said of a title with more weight, and what else is said of it that does not exclude this. */
export function inPlaceOf<Weaker extends Partial<TitleOptions>, Stronger extends Partial<TitleOptions>>(
  weaker: Weaker,
  stronger: Stronger,
): Weaker & Stronger {
  const rivals = new Set(
    TITLE_FIELDS.filter(({ name }) => Object.hasOwn(stronger, name)).flatMap((option) => rivalsOf(option)),
  );
  const left = Object.fromEntries(Object.entries(weaker).filter(([name]) => !rivals.has(name))) as Weaker;
  const playready = { ...weaker.playready, ...stronger.playready };
  return { ...left, ...stronger, ...(Object.keys(playready).length > 0 && { playready }) };
}

function readFields(value: unknown, folder: string, rules: Rules): Partial<TitleOptions> | Fault {
  const fault = findFault(value, FIELDS_BY_NAME, rules);
  if (fault) return fault;
  const fields = value as Fields;
  return faultOfInputs(fields.inputs ?? [], folder) ?? optionsOf(fields, folder);
}

function faultOfInputs(inputs: readonly GivenInput[], folder: string): Fault | undefined {
  for (const [i, input] of inputs.entries()) {
    const fault = typeof input === 'string' ? undefined : faultOfInput(input, `inputs.${i}`, folder);
    if (fault) return fault;
  }
  return undefined;
}

function faultOfInput(
  { path, ...description }: Exclude<GivenInput, string>,
  place: string,
  folder: string,
): Fault | undefined {
  if (path === undefined) return { problem: 'missing', name: `${place}.path`, kind: TEXT };
  if (!TEXT.fits(path)) return { problem: 'value', name: `${place}.path`, kind: TEXT, given: path };
  for (const [key, value] of Object.entries(description)) {
    const name = `${place}.${key}`;
    const allowed = expectedOf(key, value);
    if (allowed === undefined) continue;
    if (!DESCRIPTION_KEYS.includes(key))
      return { problem: 'unknown', name, meant: nearest(key, ['path', ...DESCRIPTION_KEYS]) };
    return { problem: 'value', name, kind: { ...TEXT, allowed }, given: value };
  }
  if (Object.keys(description).length === 0 || kindOfName(absoluteName(folder, path)) !== 'folder')
    return undefined;
  return {
    problem: 'value',
    name: `${place}.path`,
    kind: { ...TEXT, allowed: 'a file, as what is said of an input is not said of a folder' },
    given: path,
  };
}

function optionsOf({ inputs, ...fields }: Fields, folder: string): Partial<TitleOptions> {
  const { outDir, ...others } = withAbsolutePaths(fields, TITLE_FIELDS, kindOf, folder);
  const options: Record<string, unknown> = {};
  const playready: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(others)) {
    const inHeader = FIELDS_BY_NAME.get(name)!.playready;
    if (inHeader === undefined) options[name] = value;
    else playready[inHeader] = value;
  }
  const describe = descriptionsOf(inputs ?? [], folder);
  return {
    ...options,
    ...(inputs && { inputs: inputs.map((input) => absoluteName(folder, pathOf(input))) }),
    ...(outDir !== undefined && { outDir: absoluteName(folder, outDir as string) }),
    ...(Object.keys(describe).length > 0 && { describe }),
    ...(Object.keys(playready).length > 0 && { playready }),
  };
}

function descriptionsOf(inputs: readonly GivenInput[], folder: string): Record<string, TrackDescription> {
  return Object.fromEntries(
    inputs.flatMap((input) => {
      if (typeof input === 'string') return [];
      const { path, ...description } = input;
      return Object.keys(description).length === 0 ? [] : [[absoluteName(folder, path), description]];
    }),
  );
}

function pathOf(input: GivenInput): string {
  return typeof input === 'string' ? input : input.path;
}

import type { PlayReadyOptions } from '../../protection/types.js';
import { type Fault, findFault } from '../../settings/check.js';
import { type Kind, TEXT } from '../../settings/kinds.js';
import { nearest } from '../../settings/nearest.js';
import { FIELDS, MANIFEST_FIELDS } from '../../settings/options.js';
import { absoluteName } from '../../settings/paths.js';
import { readTitleFields, readTitlePart } from '../package/title-fields.js';
import type { TitleOptions } from '../package/types.js';
import type { BatchSettings } from './types.js';

const FIELDS_BY_NAME = new Map(FIELDS.map((option) => [option.name, option]));

/** What the values of fields can be, by their names; of files and of titles. */
const KINDS_BY_NAME = new Map(MANIFEST_FIELDS.map(({ name, kind, inTitle = kind }) => [name, inTitle]));

/** Names of all fields. */
export const FIELD_NAMES: readonly string[] = [...KINDS_BY_NAME.keys()];

/** What a job is made of: one of these names it. */
export const SUBJECTS = ['input', 'title', 'inputs'] as const;

/** What a job says of itself. */
export interface Entry {
  /** As it stands in the manifest; of a title, its file or its first input. */
  readonly input: string;
  readonly output?: string;
  readonly contentId?: string;
  readonly settings: BatchSettings;
  /** Of a title. */
  readonly title?: EntryTitle;
}

/** What a job says of a title. */
export interface EntryTitle {
  /** Path of its file, absolute; absent where the job names the inputs itself. */
  readonly file?: string;
  /** What goes before the file. */
  readonly options: Partial<TitleOptions>;
}

const RULES = {
  kindOf: ({ kind }: { readonly kind: Kind }) => kind,
  isRequired: ({ name }: { readonly name: string }) => name === 'input',
  meant: meantField,
};

/** The field that was probably meant by a name. */
export function meantField(name: string): string | undefined {
  return nearest(name, FIELD_NAMES);
}

/**
 * Checks what was read of a job.
 * @param folder that paths of titles are relative to
 */
export function readEntry(value: unknown, folder: string): Entry | Fault {
  const [subject, other] = SUBJECTS.filter((name) => Object.hasOwn(Object(value), name));
  if (other !== undefined) {
    return { problem: 'value', name: other, kind: { ...TEXT, allowed: ONE_SUBJECT }, given: value };
  }
  return subject === 'title' || subject === 'inputs'
    ? readTitleEntry(value as TitleLine, folder)
    : readFileEntry(value);
}

const ONE_SUBJECT = `one of ${SUBJECTS.join(', ')}, and no other of them,`;

/** A job of a title: it names its file, or is what would stand in it. */
interface TitleLine {
  readonly title?: unknown;
  readonly inputs?: readonly unknown[];
  readonly outDir?: unknown;
}

function readTitleEntry({ title, outDir, ...fields }: TitleLine, folder: string): Entry | Fault {
  if (title !== undefined && !TEXT.fits(title))
    return { problem: 'value', name: 'title', kind: TEXT, given: title };
  if (outDir === undefined && title === undefined) return { problem: 'missing', name: 'outDir', kind: TEXT };
  if (outDir !== undefined && !TEXT.fits(outDir))
    return { problem: 'value', name: 'outDir', kind: TEXT, given: outDir };
  const read = title === undefined ? readTitleFields(fields, folder) : readTitlePart(fields, folder);
  if ('problem' in read) return read as Fault;
  const { contentId, ...options } = read as Partial<TitleOptions>;
  return {
    input: (title as string | undefined) ?? options.inputs![0]!,
    ...(outDir !== undefined && { output: outDir as string }),
    ...(contentId !== undefined && { contentId }),
    settings: {},
    title: { ...(title !== undefined && { file: absoluteName(folder, title as string) }), options },
  };
}

function readFileEntry(value: unknown): Entry | Fault {
  return findFault(value, FIELDS_BY_NAME, RULES) ?? toEntry(value as Readonly<Record<string, unknown>>);
}

function toEntry({ input, output, contentId, ...fields }: Readonly<Record<string, unknown>>): Entry {
  const settings: Record<string, unknown> = {};
  const header: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const { playready } = FIELDS_BY_NAME.get(name)!;
    if (playready === undefined) settings[name] = value;
    else header[playready] = value;
  }
  const playready: PlayReadyOptions = header;
  return {
    input: input as string,
    ...(output !== undefined && { output: output as string }),
    ...(contentId !== undefined && { contentId: contentId as string }),
    settings: { ...settings, ...(Object.keys(header).length > 0 && { playready }) },
  };
}

/** A row of a table as the same object that a line of JSON would be; empty cells are not there. */
export function fieldsOfRow(row: Readonly<Record<string, string>>): Record<string, unknown> {
  const given = Object.entries(row).filter(([, text]) => text !== '');
  return Object.fromEntries(given.map(([name, text]) => [name, readCell(KINDS_BY_NAME.get(name)!, text)]));
}

/** The value of a cell; what cannot be read stays a text. */
function readCell({ items, separator = /[\s,;]+/, read }: Kind, text: string): unknown {
  return items ? text.trim().split(separator).map(items.read) : read(text);
}

import type { PlayReadyOptions } from '../../protection/types.js';
import { type Fault, findFault } from '../../settings/check.js';
import type { Kind } from '../../settings/kinds.js';
import { nearest } from '../../settings/nearest.js';
import { FIELDS } from '../../settings/options.js';
import type { BatchSettings } from './types.js';

const FIELDS_BY_NAME = new Map(FIELDS.map((option) => [option.name, option]));

/** Names of all fields. */
export const FIELD_NAMES: readonly string[] = [...FIELDS_BY_NAME.keys()];

/** What a job says of itself. */
export interface Entry {
  /** As it stands in the manifest. */
  readonly input: string;
  readonly output?: string;
  readonly contentId?: string;
  readonly settings: BatchSettings;
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

/** Checks what was read of a job. */
export function readEntry(value: unknown): Entry | Fault {
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
  return Object.fromEntries(
    given.map(([name, text]) => [name, readCell(FIELDS_BY_NAME.get(name)!.kind, text)]),
  );
}

/** The value of a cell; what cannot be read stays a text. Items of a list have spaces, commas or semicolons between. */
function readCell({ items, read }: Kind, text: string): unknown {
  return items
    ? text
        .trim()
        .split(/[\s,;]+/)
        .map(items.read)
    : read(text);
}

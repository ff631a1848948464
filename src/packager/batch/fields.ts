import { z } from 'zod';
import type { PlayReadyOptions } from '../types.js';
import type { BatchSettings } from './types.js';

const url = () => z.string().regex(/^https?:\/\/[^/?#\s]\S*$/i, 'a whole http or https URL is needed');
const trackSelector = z.union([z.enum(['audio', 'video']), z.int().min(1).max(0xffffffff)], {
  error: 'a track id, audio or video is needed',
});

/** What a job of a manifest can say, under the names of the library's options. */
const ENTRY_SCHEMA = z
  .strictObject({
    input: z.string().min(1),
    output: z.string().min(1),
    contentId: z.string().min(1),
    keyPer: z.enum(['none', 'type', 'track', 'resolution']),
    policy: z.record(z.string(), z.unknown()),
    tracks: z.array(trackSelector).min(1),
    layout: z.enum(['fragmented', 'keep']),
    fragmentDurationSeconds: z.number().gt(0).max(3600),
    scheme: z.literal('cenc'),
    ivSize: z.literal([8, 16]),
    systems: z.array(z.enum(['playready', 'common', 'widevine'])).min(1),
    laUrl: url(),
    luiUrl: url(),
    dsId: z.string().regex(/^[A-Za-z0-9+/]{22}==$/, 'base64 of 16 bytes is needed'),
    customAttributes: z.string().min(1),
    playreadyVersion: z.enum(['auto', '4.0', '4.1', '4.2', '4.3']),
    checksum: z.boolean(),
    reserveLicenseStoreBytes: z.int().min(1).max(15_360),
    decryptorSetup: z.literal('on-demand'),
  })
  .partial()
  .required({ input: true });

type EntryFields = z.infer<typeof ENTRY_SCHEMA>;

/** Names of all fields. */
export const FIELD_NAMES: readonly string[] = Object.keys(ENTRY_SCHEMA.shape);

/** What a job says of itself. */
export interface Entry {
  /** As it stands in the manifest. */
  readonly input: string;
  readonly output?: string;
  readonly contentId?: string;
  readonly settings: BatchSettings;
}

/** Why an entry cannot be used: values are not repeated, for they may be keys in the wrong place. */
export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

/** Checks what was read of a job. */
export function readEntry(value: unknown): Entry | FieldProblem {
  const checked = ENTRY_SCHEMA.safeParse(value);
  if (checked.success) return toEntry(checked.data);
  const issue = checked.error.issues[0]!;
  if (issue.code === 'unrecognized_keys') return { field: issue.keys[0]!, problem: 'there is no such field' };
  return { field: issue.path.map(String).join('.'), problem: issue.message };
}

function toEntry(fields: EntryFields): Entry {
  const { input, output, contentId, ...rest } = fields;
  const { laUrl, luiUrl, dsId, customAttributes, playreadyVersion, checksum, ...others } = rest;
  const { reserveLicenseStoreBytes, decryptorSetup, ...settings } = others;
  const playready = withoutUndefined({
    ...{ laUrl, luiUrl, dsId, customAttributes, version: playreadyVersion, checksum },
    ...{ reserveLicenseStoreBytes, decryptorSetup },
  }) as PlayReadyOptions;
  return {
    input,
    ...(output !== undefined && { output }),
    ...(contentId !== undefined && { contentId }),
    settings: {
      ...(withoutUndefined(settings) as BatchSettings),
      ...(Object.keys(playready).length > 0 && { playready }),
    },
  };
}

function withoutUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

const number = (text: string) => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text);
const list = (text: string) => text.trim().split(/[\s,;]+/);
const boolean = (text: string) => ({ true: true, false: false })[text] ?? text;

/** Fields whose value is no text, from the text of a CSV cell. What cannot be read stays a text, which the schema refuses. */
const FROM_TEXT: Readonly<Record<string, (text: string) => unknown>> = {
  tracks: (text) => list(text).map(number),
  systems: list,
  fragmentDurationSeconds: number,
  ivSize: number,
  checksum: boolean,
  reserveLicenseStoreBytes: number,
  policy: (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  },
};

/** A row of a table as the same object that a line of JSON would be; empty cells are not there. */
export function fieldsOfRow(row: Readonly<Record<string, string>>): Record<string, unknown> {
  const given = Object.entries(row).filter(([, text]) => text !== '');
  return Object.fromEntries(given.map(([name, text]) => [name, (FROM_TEXT[name] ?? String)(text)]));
}

import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import type { z } from 'zod';
import { configError } from './failure.js';
import { importDefault } from './import-default.js';
import { SETTING_NAMES, type SettingName } from './names.js';
import { nearest } from './nearest.js';
import { CONFIG_SCHEMA, type Settings } from './schema.js';

/** A configuration file that was read. */
export interface ConfigFile {
  readonly path: string;
  readonly settings: Settings;
}

type Reader = (path: string) => Promise<unknown>;

/** How a file is read, by its extension. */
const READERS: Readonly<Record<string, Reader>> = {
  '.json': readJson,
  '.yaml': readYaml,
  '.yml': readYaml,
  '.js': importDefault,
  '.mjs': importDefault,
};

/**
 * Reads and checks a configuration file. Names of files in it are taken from its own directory and made absolute.
 * @throws PrpackError INVALID_ARGUMENT
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const absolute = resolve(path);
  const reader = READERS[extname(absolute).toLowerCase()];
  if (!reader) {
    throw configError(path, 'its name says no format that is known', {
      expected: Object.keys(READERS).join(', '),
      remedy: 'Give it one of these endings.',
    });
  }
  const checked = CONFIG_SCHEMA.safeParse(await reader(absolute));
  if (!checked.success) throw refusal(path, checked.error.issues[0]!);
  const { $schema: _, ...settings } = checked.data;
  return { path: absolute, settings: withAbsolutePaths(settings, dirname(absolute)) };
}

async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw configError(path, 'it is not JSON', { remedy: 'Mend it; an editor shows where.' }, error);
  }
}

async function readYaml(path: string): Promise<unknown> {
  const text = await readText(path);
  const { parse } = await import('yaml');
  try {
    return parse(text) ?? {}; // a file of comments only
  } catch (error) {
    throw configError(path, 'it is not YAML', { remedy: 'Mend it; an editor shows where.' }, error);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const remedy = 'Check that the file exists and that this user may read it.';
    throw configError(path, `it cannot be read (${code})`, { remedy }, error);
  }
}

/** Longer names may be keys that were put in the wrong place. */
const LONGEST_NAME = 20;

function refusal(path: string, issue: z.core.$ZodIssue): Error {
  if (issue.code === 'unrecognized_keys') return unknownName(path, issue.keys[0]!);
  const where = issue.path.map(String).join('.');
  return configError(path, `${where === '' ? 'the whole' : where}: ${issue.message}`, {
    remedy: 'See docs/configuration.md for what it may be, or let the editor check it with the JSON Schema.',
  });
}

function unknownName(path: string, name: string): Error {
  const shown = name.length <= LONGEST_NAME ? ` ${name}` : ' with a long name';
  const meant = nearest(name, SETTING_NAMES);
  return configError(path, `there is no setting${shown}${meant ? ` (did you mean ${meant}?)` : ''}`, {
    remedy: meant
      ? `Write ${meant}, or leave it out.`
      : 'Leave it out; docs/configuration.md lists all settings.',
  });
}

/** Turns a value that names a file into one that names it from everywhere. */
type ToAbsolute = (value: string, directory: string) => string;

const plainPath: ToAbsolute = (value, directory) => resolve(directory, value);
const pathAfterAt: ToAbsolute = (value, directory) => `@${resolve(directory, value.slice(1))}`;

/** Settings that name files. A policy is a file when it has the ending of one, and an SQLite store always is. */
const PATHS: Partial<Record<SettingName, ToAbsolute>> = {
  keyStore: (value, directory) => {
    const path = /^sqlite:(?!\/\/)(.+)$/.exec(value)?.[1];
    return path === undefined ? value : `sqlite:${resolve(directory, path)}`;
  },
  kekFile: plainPath,
  policy: (value, directory) => (extname(value) === '' ? value : resolve(directory, value)),
  keyFile: plainPath,
  keySeedFile: plainPath,
  cpix: (value, directory) => (/^https?:/i.test(value) ? value : resolve(directory, value)),
  cpixPrivateKey: plainPath,
  cpixAuth: pathAfterAt,
  spekeAuth: pathAfterAt,
  packagingDataAuth: pathAfterAt,
  tlsCa: plainPath,
  tlsCert: plainPath,
  tlsKey: plainPath,
  customAttributes: pathAfterAt,
};

function withAbsolutePaths(settings: Settings, directory: string): Settings {
  const entries = Object.entries(settings).map(([name, value]) => {
    const toAbsolute = PATHS[name as SettingName];
    return [name, toAbsolute && typeof value === 'string' ? toAbsolute(value, directory) : value];
  });
  return Object.fromEntries(entries) as Settings;
}

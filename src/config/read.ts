import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { allowedText, type Fault, findFault, type Rules } from '../settings/check.js';
import { nearest } from '../settings/nearest.js';
import { SETTINGS, type SettingName } from '../settings/options.js';
import { withAbsolutePaths } from '../settings/paths.js';
import { presentableName } from '../settings/secrets.js';
import { configError } from './failure.js';
import { importDefault } from './import-default.js';

/** Checked values of settings, by name. */
export type Settings = Readonly<Partial<Record<SettingName, unknown>>>;

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
  const settings = withPresentNames(await reader(absolute));
  const fault = findFault(settings, SETTINGS_BY_NAME, RULES);
  if (fault) throw refusal(path, fault);
  const given = settings as Settings;
  return {
    path: absolute,
    settings: withAbsolutePaths(given, SETTINGS, RULES.kindOf, dirname(absolute)),
  };
}

const SETTINGS_BY_NAME = new Map(SETTINGS.map((option) => [option.name, option]));

const RULES: Rules = {
  kindOf: ({ kind, written = kind }) => written,
  isRequired: () => false,
  meant: (name) => nearest(name, [...SETTINGS_BY_NAME.keys()]),
};

/** Settings under the names that they have now, and without the address of the schema, which is for editors. */
function withPresentNames(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  const entries = Object.entries(given).filter(([name]) => name !== '$schema');
  const present = entries.map(([name, value]) => [
    SETTINGS.find(({ formerly }) => formerly === name)?.name ?? name,
    value,
  ]);
  return Object.fromEntries(present);
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

function refusal(path: string, fault: Fault): Error {
  if (fault.problem === 'unknown') return unknownName(path, fault.name, fault.meant);
  const [where, problem] =
    fault.problem === 'shape'
      ? ['the whole', 'an object of settings is needed']
      : [fault.name, `${allowedText(fault.kind)} is needed`];
  return configError(path, `${where}: ${problem}`, {
    remedy: 'See docs/configuration.md for what it may be, or let the editor check it with the JSON Schema.',
  });
}

function unknownName(path: string, name: string, meant: string | undefined): Error {
  const shown = presentableName(name);
  const what = shown === undefined ? ' with a long name' : ` ${shown}`;
  return configError(path, `there is no setting${what}${meant ? ` (did you mean ${meant}?)` : ''}`, {
    remedy: meant
      ? `Write ${meant}, or leave it out.`
      : 'Leave it out; docs/configuration.md lists all settings.',
  });
}

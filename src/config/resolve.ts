import { RIVALS, SECRET_VARIABLES, SETTING_NAMES, type SettingName, variableOf } from './names.js';
import type { ConfigFile } from './read.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that is in force, and where it comes from. */
export interface ResolvedSetting {
  readonly name: SettingName;
  readonly from: 'environment' | 'file';
  /** The variable, or the path of the file. */
  readonly origin: string;
  /** The text of the variable, or the checked value of the file. */
  readonly value: unknown;
}

/** What may give a setting, from the weakest to the strongest. */
export interface Layers {
  readonly file?: ConfigFile | undefined;
  /** An empty variable counts as not set. */
  readonly environment: Environment;
  /** Names of options that are given on the command line. */
  readonly flags: readonly string[];
}

/** The settings that file and environment give, without those that something stronger outdoes. */
export function resolveSettings(layers: Layers): ResolvedSetting[] {
  const { file, environment, flags } = layers;
  return SETTING_NAMES.filter((name) => !flags.includes(name) && !isOutdone(name, layers)).flatMap(
    (name): ResolvedSetting[] => {
      const text = textOf(name, environment);
      if (text) return [{ name, from: 'environment', origin: variableOf(name), value: text }];
      const value = file?.settings[name];
      return value === undefined ? [] : [{ name, from: 'file', origin: file!.path, value }];
    },
  );
}

/** The environment's text of a setting. A variable that holds a secret is none. */
function textOf(name: SettingName, environment: Environment): string | undefined {
  const variable = variableOf(name);
  return SECRET_VARIABLES.includes(variable) ? undefined : environment[variable];
}

function isOutdone(name: SettingName, layers: Layers): boolean {
  const rivals = RIVALS.filter((group) => group.includes(name)).flat();
  return rivals.some((rival) => strengthOf(rival, layers) > strengthOf(name, layers));
}

/** The strongest layer that names it: 3 the command line, 2 the environment, 1 the file, 0 none. */
function strengthOf(name: string, { file, environment, flags }: Layers): number {
  if (flags.includes(name)) return 3;
  if (SECRET_VARIABLES.includes(name)) return environment[name] ? 2 : 0;
  const setting = SETTING_NAMES.find((known) => known === name);
  if (!setting) return 0;
  if (textOf(setting, environment)) return 2;
  return file?.settings[setting] === undefined ? 0 : 1;
}

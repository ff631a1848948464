import type { Option } from '../settings/option.js';
import {
  attributeOf,
  OPTIONS,
  rivalsOf,
  SETTINGS,
  type SettingName,
  variableOf,
} from '../settings/options.js';
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
  /** Names under which commander has the options that are given on the command line. */
  readonly flags: readonly string[];
}

/** The settings that file and environment give, without those that something stronger outdoes. */
export function resolveSettings(layers: Layers): ResolvedSetting[] {
  const { file, environment, flags } = layers;
  return SETTINGS.filter(
    (setting) => !flags.includes(attributeOf(setting)) && !isOutdone(setting, layers),
  ).flatMap((setting): ResolvedSetting[] => {
    const name = setting.name as SettingName;
    const text = textOf(setting, environment);
    if (text) return [{ name, from: 'environment', origin: variableOf(setting)!, value: text }];
    const value = file?.settings[name];
    return value === undefined ? [] : [{ name, from: 'file', origin: file!.path, value }];
  });
}

/** The environment's text of a setting. */
function textOf(setting: Option, environment: Environment): string | undefined {
  const variable = variableOf(setting);
  return variable === undefined ? undefined : environment[variable];
}

/** What a later layer says of an option ends what an earlier one said of those that it excludes. */
function isOutdone(setting: Option, layers: Layers): boolean {
  return rivalsOf(setting).some((rival) => strengthOf(rival, layers) > strengthOf(setting.name, layers));
}

/** The strongest layer that names it: 3 the command line, 2 the environment, 1 the file, 0 none. A variable may stand for itself. */
function strengthOf(name: string, { file, environment, flags }: Layers): number {
  const option = OPTIONS.find((row) => row.name === name && row.flag !== undefined);
  if (!option) return environment[name] ? 2 : 0;
  if (flags.includes(attributeOf(option))) return 3;
  if (option.config && textOf(option, environment)) return 2;
  return file?.settings[name as SettingName] === undefined ? 0 : 1;
}

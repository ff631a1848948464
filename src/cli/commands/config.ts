import type { Command } from 'commander';
import { type ResolvedSetting, resolveSettings } from '../../config/resolve.js';
import { SETTINGS, variableOf } from '../../settings/options.js';
import { SECRET_VARIABLES } from '../../settings/variables.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { type ConfigFlags, configFileOption, loadConfigFile, warnOfVariables } from '../options/settings.js';
import { formatJson } from '../output/json.js';
import { writeResult } from '../output/streams.js';
import { type Style, styleOf } from '../output/style.js';
import { type Column, formatTable } from '../output/table.js';
import { joinLines } from '../output/text.js';
import { printable } from '../output/units.js';

const EXAMPLES = `
Examples:
  prpack config
  PRPACK_LAYOUT=keep prpack config --config ci.json --json`;

/** `prpack config` */
export function configureConfig(command: Command): void {
  command.description(
    'Shows the settings that configuration file and environment give, and where each comes from. Options on the command line outdo both.',
  );
  addJsonOption(command);
  configFileOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(configAction);
}

/** One line of the answer. */
interface ShownSetting {
  readonly name: string;
  readonly value: unknown;
  readonly from: ResolvedSetting['from'] | 'default';
  readonly origin?: string;
}

async function configAction(flags: ConfigFlags & OutputFlags): Promise<void> {
  const file = await loadConfigFile(flags);
  warnOfVariables();
  const settings = await shownSettings(resolveSettings({ file, environment: process.env, flags: [] }));
  if (flags.json) return writeResult(formatJson({ ...(file && { file: file.path }), settings }));
  const style = styleOf(process.stdout);
  return writeResult(
    joinLines([
      file ? `Configuration file: ${printable(file.path)}` : 'No configuration file was found.',
      '',
      ...settingTable(settings, style),
    ]),
  );
}

async function shownSettings(resolved: readonly ResolvedSetting[]): Promise<ShownSetting[]> {
  const defaults = await defaultValues();
  const settings = SETTINGS.flatMap(({ name }): ShownSetting[] => {
    const found = resolved.find((setting) => setting.name === name);
    if (found)
      return [{ ...found, value: PUBLIC.includes(name) ? found.value : withoutCredentials(found.value) }];
    return name in defaults ? [{ name, value: defaults[name], from: 'default' }] : [];
  });
  return [...settings, ...secretSettings()];
}

/** What holds when nobody says anything, where that can be said in a word. */
async function defaultValues(): Promise<Readonly<Record<string, unknown>>> {
  const { defaultKekPath, defaultKeyStorePath } = await import('../../index.js');
  return {
    keyStore: `sqlite:${defaultKeyStorePath(process.env)}`,
    ...(!process.env.PRPACK_KEK && { kekFile: defaultKekPath(process.env) }),
    ...Object.fromEntries(
      SETTINGS.filter((setting) => setting.default !== undefined).map(({ name, default: value }) => [
        name,
        value,
      ]),
    ),
  };
}

/** Secrets that the environment holds, without the secrets. */
function secretSettings(): ShownSetting[] {
  return SECRET_VARIABLES.filter((variable) => process.env[variable]).map((variable) => ({
    name: variable,
    value: '[redacted]',
    from: 'environment',
    origin: variable,
  }));
}

/** URLs that stand in every file that is made with them. */
const PUBLIC: readonly string[] = ['laUrl', 'luiUrl'];

/** The location of a store or server may have a user, a password or a token in it. */
function withoutCredentials(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value
    .replace(/(:\/\/)[^/?#]*@/, '$1[redacted]@')
    .replace(/^((?:cpix:)?[a-z+]+:\/\/[^?#]*)[?#].*$/s, '$1?[redacted]');
}

const COLUMNS: readonly Column[] = [
  { heading: 'SETTING' },
  { heading: 'VALUE' },
  { heading: 'FROM' },
  { heading: 'VARIABLE' },
];

function settingTable(settings: readonly ShownSetting[], style: Style): string[] {
  const rows = settings.map(({ name, value, from, origin }) => [
    name,
    printable(Array.isArray(value) ? value.join(',') : `${value}`),
    from === 'default' ? 'default' : printable(origin ?? ''),
    variableNamed(name),
  ]);
  return formatTable(COLUMNS, rows, style);
}

function variableNamed(name: string): string {
  const setting = SETTINGS.find((known) => known.name === name);
  return (setting && (variableOf(setting) ?? setting.secretVariable)) ?? '';
}

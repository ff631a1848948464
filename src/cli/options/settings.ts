import type { Command, Option } from 'commander';
import { findConfigFile } from '../../config/find.js';
import type { ConfigFile } from '../../config/read.js';
import { type ResolvedSetting, resolveSettings } from '../../config/resolve.js';
import { BOOLEAN } from '../../settings/kinds.js';
import { attributeOf, flaggedOption } from '../../settings/options.js';
import { variableWarnings } from '../../settings/variables.js';
import { writeMessage } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { joinLines, warningLines } from '../output/text.js';
import { naming } from './keys.js';
import type { OutputFlags } from './output.js';
import { nonEmpty, once, readValue } from './values.js';

/** What commander makes of --config. */
export interface ConfigFlags {
  readonly config?: string;
}

/** Adds --config. */
export function configFileOption(command: Command): void {
  command.option(
    '--config <file>',
    'configuration file (default: prpack.config.json, .yaml or .js, here or in a directory above)',
    once('--config', nonEmpty('--config')),
  );
}

/** Adds --config, and lets file and environment give what the command line does not. */
export function addConfigOption(command: Command): void {
  configFileOption(command);
  command.hook('preAction', async (_, called) => applySettings(called));
}

/**
 * The configuration file that is named or found, read; undefined when there is none.
 * @throws PrpackError INVALID_ARGUMENT
 */
export async function loadConfigFile({ config }: ConfigFlags): Promise<ConfigFile | undefined> {
  const path = config ?? findConfigFile(process.cwd());
  if (path === undefined) return undefined;
  const { readConfigFile } = await import('../../config/read.js');
  return readConfigFile(path);
}

/** Whether an option was given on the command line itself: one that is idle there is a mistake, one of a file is not. */
export function isGiven(command: Command, name: string): boolean {
  return command.getOptionValueSource(name) === 'cli';
}

async function applySettings(command: Command): Promise<void> {
  const options = new Map(command.options.map((option) => [option.attributeName(), option]));
  const settings = resolveSettings({
    file: await loadConfigFile(command.opts<ConfigFlags>()),
    environment: process.env,
    flags: [...options.keys()].filter((name) => isGiven(command, name)),
  });
  for (const setting of settings) {
    const attribute = attributeOf(flaggedOption(setting.name));
    const option = options.get(attribute);
    if (option) command.setOptionValueWithSource(attribute, valueFor(setting, option), setting.from);
  }
  if (command.opts<OutputFlags>().quiet !== true) warnOfVariables();
}

/** A variable that nobody knows is a mistake, but may be meant for another version. */
export function warnOfVariables(): void {
  const lines = warningLines(variableWarnings(process.env), styleOf(process.stderr)).slice(1);
  if (lines.length > 0) writeMessage(joinLines(lines));
}

/** Variables are read as the option reads its argument. */
function valueFor({ from, origin, value }: ResolvedSetting, option: Option): unknown {
  if (from === 'file') return value;
  const text = value as string;
  return naming(origin, () =>
    option.negate || option.isBoolean()
      ? readValue(`--${option.name().replace(/^no-/, '')}`, BOOLEAN)(text)
      : option.parseArg
        ? option.parseArg(text, undefined as never)
        : text,
  );
}

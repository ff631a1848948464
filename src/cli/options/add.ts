import { type Command, Option as Flag } from 'commander';
import type { Kind } from '../../settings/kinds.js';
import type { Group, Option } from '../../settings/option.js';
import { attributeOf, type FlaggedName, flaggedOption, flagNameOf, OPTIONS } from '../../settings/options.js';
import { once, type ParseValue, readValue, repeatable } from './values.js';

/** Lines of the help that are others for one command, by the name of the option. */
export type OtherHelp = Readonly<Partial<Record<FlaggedName, string>>>;

/** Adds the flags of a group, to the group of the help before them. */
export function addGroup(command: Command, group: Group, help: OtherHelp = {}): void {
  for (const option of OPTIONS) if (option.group === group) addFlag(command, option, help);
}

/** Adds flags by the names of their options, to the group of the help before them. */
export function addOptions(command: Command, names: readonly FlaggedName[], help: OtherHelp = {}): void {
  for (const name of names) addFlag(command, flaggedOption(name), help);
}

function addFlag(command: Command, option: Option, help: OtherHelp): void {
  const flag = new Flag(option.flag!, help[option.name as FlaggedName] ?? option.help);
  if (option.preset !== undefined) flag.preset(option.preset);
  if (/[<[]/.test(option.flag!)) flag.argParser(parserOf(option));
  command.addOption(flag);
}

function parserOf(option: Option): (text: string, previous: unknown) => unknown {
  const flag = flagNameOf(option);
  const kind = writtenKindOf(option);
  if (option.again === 'added') return repeatable(readValue(flag, kind.items!)) as ParseValue<unknown>;
  return option.again === 'refused' ? once(flag, readValue(flag, kind)) : readValue(flag, kind);
}

/** What the value of an option can be on the command line. */
export function writtenKindOf({ kind, written = kind }: Option): Kind {
  return written;
}

/** What commander has of an option. */
export function flagValue(flags: object, name: FlaggedName): unknown {
  return (flags as Readonly<Record<string, unknown>>)[attributeOf(flaggedOption(name))];
}

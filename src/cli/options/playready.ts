import type { Command } from 'commander';
import type { PlayReadyOptions } from '../../index.js';
import { attributeOf, flagNameOf, OPTIONS } from '../../settings/options.js';
import { addGroup } from './add.js';
import { textOfFileValue } from './files.js';
import { isGiven } from './settings.js';

const PLAYREADY_OPTIONS = OPTIONS.filter(({ group }) => group === 'playready');

/** Adds the options of the PlayReady header under a heading of their own. */
export function addPlayReadyOptions(command: Command): void {
  command.optionsGroup('PlayReady header:');
  addGroup(command, 'playready');
}

/** Names of the PlayReady options that are given on the command line, to refuse them where no PlayReady header is written. */
export function givenPlayReadyFlags(command: Command): string[] {
  return PLAYREADY_OPTIONS.filter((option) => isGiven(command, attributeOf(option))).map(flagNameOf);
}

/**
 * The library's options from the flags.
 * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function playReadyOptions(flags: object): Promise<PlayReadyOptions> {
  const given: Record<string, unknown> = {};
  for (const option of PLAYREADY_OPTIONS) {
    const value = (flags as Readonly<Record<string, unknown>>)[attributeOf(option)];
    if (value === undefined) continue;
    given[option.playready!] =
      option.name === 'customAttributes' ? await textOfFileValue(flagNameOf(option), value as string) : value;
  }
  return given;
}

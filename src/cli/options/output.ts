import type { Command } from 'commander';
import type { Threads } from '../../index.js';
import { addGroup } from './add.js';

/** What commander makes of the options that every command has. */
export interface OutputFlags {
  readonly json?: true;
  readonly quiet?: true;
  readonly threads?: Threads;
}

/** Adds --json. */
export function addJsonOption(command: Command, shape = 'one JSON object'): void {
  command.optionsGroup('Output:');
  command.option('--json', `print ${shape} on stdout, also on failure`);
}

/** Adds --json and --quiet. */
export function addJobOutputOptions(command: Command): void {
  addJsonOption(command);
  addGroup(command, 'output');
}

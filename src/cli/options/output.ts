import type { Command } from 'commander';
import type { Threads } from '../../index.js';
import { silenceMessages } from '../output/streams.js';
import { addGroup, addOptions } from './add.js';

/** What commander makes of the options that every command has. */
export interface OutputFlags {
  readonly json?: true;
  readonly quiet?: true;
  readonly threads?: Threads;
}

/** Adds --json and --quiet, which every command has. */
export function addJsonOption(command: Command, shape = 'one JSON object'): void {
  command.optionsGroup('Output:');
  command.option('--json', `print ${shape} on stdout, also on failure`);
  addOptions(command, ['quiet']);
  command.hook('preAction', (_, called) => {
    if (called.opts<OutputFlags>().quiet) silenceMessages();
  });
}

/** Adds the options of commands that write files. */
export function addJobOutputOptions(command: Command): void {
  addJsonOption(command);
  addGroup(command, 'output');
}

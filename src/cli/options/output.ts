import type { Command } from 'commander';
import type { Threads } from '../../index.js';
import { silenceMessages } from '../output/streams.js';
import { integer, type ParseValue } from './values.js';

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
  command.option('--quiet', 'print no messages but errors');
  command.hook('preAction', (_, called) => {
    if (called.opts<OutputFlags>().quiet) silenceMessages();
  });
}

/** Adds the options of commands that write files. */
export function addJobOutputOptions(command: Command): void {
  addJsonOption(command);
  command.option('--force', 'replace an existing output');
  command.option(
    '--threads <count>',
    'threads that write one file: 1 to 64, or auto (default: auto)',
    threads,
  );
}

const threads: ParseValue<Threads> = (text) =>
  text === 'auto' ? 'auto' : integer('--threads', 1, 64, 'threads')(text);

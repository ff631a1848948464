import type { Command } from 'commander';

/** What commander makes of the options that every command has. */
export interface OutputFlags {
  readonly json?: true;
  readonly quiet?: true;
}

/** Adds --json. */
export function addJsonOption(command: Command): void {
  command.optionsGroup('Output:');
  command.option('--json', 'print one JSON object on stdout, also on failure');
}

/** Adds --json and --quiet. */
export function addJobOutputOptions(command: Command): void {
  addJsonOption(command);
  command.option('--quiet', 'print nothing but errors');
  command.option('--force', 'replace an existing output');
}

import type { Command } from 'commander';
import type { LogLevel } from '../../server/log.js';
import { addOptions } from './add.js';
import { once, oneOf } from './values.js';

/** What commander makes of the options that say what others are told of the work. */
export interface TelemetryFlags {
  readonly metrics?: string;
  readonly logLevel?: LogLevel;
}

/** Levels of a log. They are those of the server, which only a log loads. */
export const LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug', 'trace'];

/** Adds the options that say what others are told of the work. */
export function addTelemetryOptions(command: Command): void {
  command.optionsGroup('Watching:');
  addOptions(command, ['metrics']);
  command.option(
    '--log-level <level>',
    'silent, error, warn, info, debug or trace: lines of JSON on stderr, in place of those for people',
    once('--log-level', oneOf('--log-level', LEVELS)),
  );
}

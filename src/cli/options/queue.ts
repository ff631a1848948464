import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import { integer, type Kind } from '../../settings/kinds.js';
import type { Group } from '../../settings/option.js';
import { attributeOf, flagNameOf, OPTIONS } from '../../settings/options.js';
import { addOptions } from './add.js';
import { isGiven } from './settings.js';
import { once, readValue } from './values.js';

/** What commander makes of the options of a batch that others do. */
export interface QueueFlags {
  readonly queue?: string;
  readonly priority?: number;
  readonly status?: true;
  readonly watch?: true;
}

/** What the engine takes. */
const PRIORITY: Kind = { ...integer(0, 2_097_151, ''), allowed: 'a number from 0 to 2097151' };

/** Adds the options of a batch that workers do. */
export function addQueueOptions(command: Command): void {
  command.optionsGroup('Workers on other machines:');
  addOptions(command, ['queue']);
  command.option(
    '--priority <number>',
    'jobs of lower numbers are taken first, those of 0 before all others (default: 0)',
    once('--priority', readValue('--priority', PRIORITY)),
  );
  command.option('--status', 'show what is in the queue, and how fast it gets less; nothing else is done');
  command.option('--watch', 'with --status: show it again every two seconds');
}

/** Options that are a matter of the workers where there is a queue. */
const GROUPS_OF_WORKERS: readonly (Group | undefined)[] = ['keys', 'keyServer', 'tls', 'keyStore'];
const NAMES_OF_WORKERS = ['jobs', 'threads', 'register'];

/**
 * Refuses options of the command line that have no effect with a queue, or none without.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function assertNoIdleQueueOptions(isQueued: boolean, command: Command): void {
  const given = OPTIONS.filter(({ flag }) => flag !== undefined).filter((option) =>
    isGiven(command, attributeOf(option)),
  );
  const isOfWorkers = ({ name, group }: (typeof OPTIONS)[number]) =>
    GROUPS_OF_WORKERS.includes(group) || NAMES_OF_WORKERS.includes(name);
  const idle = given.find((option) => isQueued && isOfWorkers(option));
  if (idle) {
    throw new PrpackError('INVALID_ARGUMENT', `${flagNameOf(idle)} has no effect with a queue`, {
      remedy: 'Give it to the workers (prpack worker): no key goes through the queue.',
    });
  }
  const queueOnly = ['priority', 'watch'].find((name) => !isQueued && isGiven(command, name));
  if (queueOnly === undefined) return;
  const missing = queueOnly === 'watch' ? '--status' : '--queue';
  throw new PrpackError('INVALID_ARGUMENT', `--${queueOnly} has no effect without ${missing}`, {
    remedy: `Give ${missing}, too, or leave --${queueOnly} out.`,
  });
}

/** The location of the queue, which this command cannot do without. */
export function queueOf({ queue }: QueueFlags, command: Command): string {
  if (queue !== undefined) return queue;
  return command.error("required option '--queue <location>' not specified");
}

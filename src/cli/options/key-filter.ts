import type { Command } from 'commander';
import type { KeyAlgorithm, KeyFilter, KeyState } from '../../index.js';
import { nonEmpty, oneOf, periodIndex } from './values.js';

/** What commander makes of the options that choose among registered keys. */
export interface KeyFilterFlags {
  readonly contentId?: string;
  readonly label?: string;
  readonly state?: KeyState;
  readonly algorithm?: KeyAlgorithm;
  readonly period?: number;
}

/** Adds the options that choose among registered keys. */
export function addKeyFilterOptions(command: Command): void {
  command.optionsGroup('Which keys (all that are given must hold):');
  command.option('--content-id <text>', 'of this content', nonEmpty('--content-id'));
  command.option('--label <text>', 'with this label, such as video or HD', nonEmpty('--label'));
  command.option(
    '--state <state>',
    'pending: no published file needs it yet; active; or revoked',
    oneOf('--state', ['pending', 'active', 'revoked']),
  );
  command.option(
    '--algorithm <name>',
    'AESCTR (cenc, cens) or AESCBC (cbcs, cbc1)',
    oneOf('--algorithm', ['AESCTR', 'AESCBC']),
  );
  command.option('--period <index>', 'of this crypto period: 0, 1, …', periodIndex('--period'));
}

/** The store's filter from the flags. */
export function keyFilter({ contentId, label, state, algorithm, period }: KeyFilterFlags): KeyFilter {
  return {
    ...(contentId !== undefined && { contentId }),
    ...(label !== undefined && { label }),
    ...(state && { state }),
    ...(algorithm && { algorithm }),
    ...(period !== undefined && { period }),
  };
}

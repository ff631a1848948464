import type { Command } from 'commander';
import { nonEmpty, once } from './values.js';

/** Adds --policy. */
export function addPolicyOption(command: Command): void {
  command.option(
    '--policy <file|name>',
    'license policy to register: a YAML or JSON file, or purchase, rental, subscription, live',
    once('--policy', nonEmpty('--policy')),
  );
}

import type { Command } from 'commander';
import { nonEmpty, once } from './values.js';

/** Adds --policy. */
export function addPolicyOption(command: Command, purpose = 'license policy to register'): void {
  command.option(
    '--policy <file|name>',
    `${purpose}: a YAML or JSON file, or purchase, rental, subscription, live`,
    once('--policy', nonEmpty('--policy')),
  );
}

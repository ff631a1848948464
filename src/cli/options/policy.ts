import type { Command } from 'commander';
import { addOptions } from './add.js';

/** Adds --policy. */
export function addPolicyOption(command: Command, purpose = 'license policy to register'): void {
  const help = `${purpose}: a YAML or JSON file, or purchase, rental, subscription, live`;
  addOptions(command, ['policy'], { policy: help });
}

import type { Command } from 'commander';
import { addGroup } from './add.js';

/** Adds the options that say what of a file is encrypted, and how. */
export function addMediaOptions(command: Command): void {
  command.optionsGroup('Media:');
  addGroup(command, 'media');
}

import type { Command } from 'commander';
import { addCommands, type CommandEntry } from '../command.js';

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'build',
    summary: 'make a pssh box or PlayReady Object from KIDs',
    load: async () => (await import('./pssh-build.js')).configurePsshBuild,
  },
  {
    name: 'parse',
    summary: 'show what pssh boxes or a PlayReady Object say',
    load: async () => (await import('./pssh-parse.js')).configurePsshParse,
  },
];

/** `prpack pssh <build|parse>` */
export function configurePssh(command: Command): void {
  command.description('Builds and reads DRM headers: pssh boxes and PlayReady Objects (PRO).');
  addCommands(command, COMMANDS);
}

import type { Command } from 'commander';
import { addCommands, type CommandEntry } from '../command.js';

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'create',
    summary: 'make a token and print it, once',
    load: async () => (await import('./serve-token-create.js')).configureServeTokenCreate,
  },
  {
    name: 'list',
    summary: 'list tokens, without the tokens themselves',
    load: async () => (await import('./serve-token-list.js')).configureServeTokenList,
  },
  {
    name: 'revoke',
    summary: 'end tokens',
    load: async () => (await import('./serve-token-revoke.js')).configureServeTokenRevoke,
  },
];

/** `prpack serve token <create|list|revoke>` */
export function configureServeToken(command: Command): void {
  command.description('Keeps the tokens that let clients of the key server in.');
  addCommands(command, COMMANDS);
}

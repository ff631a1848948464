import type { Command } from 'commander';
import { addCommands, type CommandEntry } from '../command.js';

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'list',
    summary: 'list registered keys, without the keys themselves',
    load: async () => (await import('./keys-list.js')).configureKeysList,
  },
  {
    name: 'show',
    summary: 'show what is known of a key, and with --reveal the key',
    load: async () => (await import('./keys-show.js')).configureKeysShow,
  },
  {
    name: 'add',
    summary: 'register a key, a new random one by default',
    load: async () => (await import('./keys-add.js')).configureKeysAdd,
  },
  {
    name: 'import',
    summary: 'register the keys of a JSON key file or CPIX document',
    load: async () => (await import('./keys-import.js')).configureKeysImport,
  },
  {
    name: 'export',
    summary: 'write keys to a JSON key file or CPIX document',
    load: async () => (await import('./keys-export.js')).configureKeysExport,
  },
  {
    name: 'copy',
    summary: 'make a key store like another, with its audit',
    load: async () => (await import('./keys-copy.js')).configureKeysCopy,
  },
  {
    name: 'test-url',
    summary: "print the URL of Microsoft's test server for a key and its policy",
    load: async () => (await import('./keys-test-url.js')).configureKeysTestUrl,
  },
  {
    name: 'set-policy',
    summary: 'put another license policy in the place of the one of a key',
    load: async () => (await import('./keys-set-policy.js')).configureKeysSetPolicy,
  },
  {
    name: 'revoke',
    summary: 'end the life of keys: no license is to be issued for them any more',
    load: async () => (await import('./keys-revoke.js')).configureKeysRevoke,
  },
  {
    name: 'rewrap',
    summary: 'give the key store a new key-encryption key',
    load: async () => (await import('./keys-rewrap.js')).configureKeysRewrap,
  },
  {
    name: 'audit',
    summary: 'list who did what with which key',
    load: async () => (await import('./keys-audit.js')).configureKeysAudit,
  },
];

/** `prpack keys <list|show|add|import|export|copy|test-url|set-policy|revoke|rewrap|audit>` */
export function configureKeys(command: Command): void {
  command.description('Keeps the keys that media is encrypted with: the key store of the license server.');
  addCommands(command, COMMANDS);
}

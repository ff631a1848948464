import type { Kind } from './kinds.js';

/** Who takes options by name: an entry point of the library, or an object of options inside another. */
export type Taker =
  | 'encrypt'
  | 'encryptStream'
  | 'encryptBatch'
  | 'packageTitle'
  | 'writeManifests'
  | 'settings'
  | 'decrypt'
  | 'inspect'
  | 'buildPssh'
  | 'parsePssh'
  | 'playready'
  | 'openKeyStore'
  | 'HttpClient'
  | 'tls'
  | 'cpixKeySource'
  | 'readCpix'
  | 'SpekeKeySource'
  | 'WidevineKeySource'
  | 'PackagingDataKeySource';

/** Options that stand under one heading of the help. */
export type Group = 'keys' | 'keyServer' | 'tls' | 'keyStore' | 'media' | 'systems' | 'playready' | 'output';

/** One option: all that the library, the command line, files and variables say of it. */
export interface Option {
  /** In the library, in manifests and in configuration files. */
  readonly name: string;
  /** What its value can be, in the library and in manifests. */
  readonly kind: Kind;
  /** Entry points of the library that take it. */
  readonly of: readonly Taker[];
  /** Whether these refuse to go without it. */
  readonly required?: true;
  /** Its name in the library's `playready`, where it stands there. */
  readonly playready?: string;
  /** How messages name it in code, where no entry point has it under its name. */
  readonly code?: string;

  /** Flag with the placeholder of its value, as commander takes it. */
  readonly flag?: string;
  readonly group?: Group;
  /** Line of the help. */
  readonly help?: string;
  /** Its value on the command line, in variables and in configuration files, where it is another: the name of a file, not what is in it. */
  readonly written?: Kind;
  /** Its value in title files, where it is another. */
  readonly inTitle?: Kind;
  /** Whether a second value on the command line is refused, added to a list, or (absent) put in place of the first. */
  readonly again?: 'refused' | 'added';
  /** What a flag means without its value. */
  readonly preset?: string;

  /** Whether a configuration file and a variable can give it. */
  readonly config?: true;
  /** Whether a line of a batch manifest can give it. */
  readonly manifest?: true;
  /** What configuration files called it before. */
  readonly formerly?: string;
  /** Sentence about it in JSON Schemas. */
  readonly about?: string;
  /** The same about a field of manifests, where that is another value. */
  readonly aboutField?: string;
  /** What holds when nobody says anything, where that can be said in a word. */
  readonly default?: unknown;
  /** Variable that holds the secret itself, where the option names a file with it. */
  readonly secretVariable?: string;
  /** Options and variables that cannot be given with it; it is said on one side. */
  readonly excludes?: readonly string[];
}

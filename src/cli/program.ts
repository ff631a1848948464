import { CommanderError } from 'commander';
import { spellOptionsAs } from '../settings/spelling.js';
import { addCommands, CliCommand, type CommandEntry } from './command.js';
import { EXIT_CODE_MEANINGS } from './errors/exit-codes.js';
import { packageVersion } from './version.js';

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'encrypt',
    summary: 'encrypt the tracks of an MP4 file and add DRM headers',
    load: async () => (await import('./commands/encrypt.js')).configureEncrypt,
  },
  {
    name: 'package',
    summary: 'package renditions, languages and subtitles for DASH and HLS',
    load: async () => (await import('./commands/package.js')).configurePackage,
  },
  {
    name: 'manifest',
    summary: 'write DASH and HLS manifests for media that is packaged already',
    load: async () => (await import('./commands/manifest.js')).configureManifest,
  },
  {
    name: 'batch',
    summary: 'encrypt many files: a folder, a pattern, or a manifest',
    load: async () => (await import('./commands/batch.js')).configureBatch,
  },
  {
    name: 'worker',
    summary: 'do the jobs of batches that others have put into a queue',
    load: async () => (await import('./commands/worker.js')).configureWorker,
  },
  {
    name: 'decrypt',
    summary: 'decrypt a file again, for checks and rescue',
    load: async () => (await import('./commands/decrypt.js')).configureDecrypt,
  },
  {
    name: 'inspect',
    summary: 'show tracks, encryption and DRM headers of a file',
    load: async () => (await import('./commands/inspect.js')).configureInspect,
  },
  {
    name: 'keys',
    summary: 'list, show, add, import, export, revoke and rewrap registered keys',
    load: async () => (await import('./commands/keys.js')).configureKeys,
  },
  {
    name: 'pssh',
    summary: 'build and read DRM headers (pssh boxes, PlayReady Objects)',
    load: async () => (await import('./commands/pssh.js')).configurePssh,
  },
  {
    name: 'serve',
    summary: 'run the key server that packagers and license servers share',
    load: async () => (await import('./commands/serve.js')).configureServe,
  },
  {
    name: 'play',
    summary: 'play a file in a browser, and show what its DRM does',
    load: async () => (await import('./commands/play.js')).configurePlay,
  },
  {
    name: 'config',
    summary: 'show the settings in force, and where each comes from',
    load: async () => (await import('./commands/config.js')).configureConfig,
  },
];

/** The whole program, with every command still unloaded. */
export function createProgram(): CliCommand {
  spellOptionsAs('flags');
  const program = new CliCommand('prpack');
  program
    .description('Encrypts MP4 files with MPEG Common Encryption and PlayReady.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .addHelpText('after', `\n${EXAMPLES}\n${exitCodeHelp()}`);
  addCommands(program, COMMANDS);
  return program;
}

const EXAMPLES = `Help for a command: prpack encrypt --help

Examples:
  prpack encrypt in.mp4 out.mp4
  prpack keys list
  prpack inspect out.mp4
  prpack decrypt out.mp4 clear.mp4
`;

function exitCodeHelp(): string {
  const lines = EXIT_CODE_MEANINGS.map(([exitCode, meaning]) => `  ${`${exitCode}`.padEnd(4)} ${meaning}`);
  return `Exit codes:\n${lines.join('\n')}`;
}

/** Runs the command line and reports what fails. The answer is the exit code, which a command can have set itself. */
export async function run(argv: readonly string[]): Promise<number> {
  process.once('uncaughtException', (error) => void fail(error, argv).then(process.exit));
  try {
    await createProgram().parseAsync(helpAsOption(argv), { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return error instanceof CommanderError ? exitCodeOfHelp(error) : fail(error, argv);
  }
}

async function fail(error: unknown, argv: readonly string[]): Promise<number> {
  const { reportFailure } = await import('./errors/report.js');
  return reportFailure(error, argv);
}

/** `prpack help encrypt` is `prpack encrypt --help`. */
function helpAsOption(argv: readonly string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
}

/** Help that was asked for is a success; help in place of a missing command is a usage error. */
function exitCodeOfHelp(error: CommanderError): number {
  return error.exitCode === 0 ? 0 : 2;
}

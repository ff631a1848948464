import { ignoreBrokenPipes } from './output/streams.js';
import { packageVersion } from './version.js';

/**
 * The command line, from the arguments after the program's name to the process's exit code. Everything but the
 * version is loaded when it is needed: start-up is paid once a file by scripts that call prpack in a loop.
 */
export async function main(argv: readonly string[]): Promise<void> {
  ignoreBrokenPipes();
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${packageVersion()}\n`);
    return;
  }
  const { run } = await import('./program.js');
  process.exitCode = await run(argv);
}

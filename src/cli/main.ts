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

/**
 * A reader that closes its end early, as `prpack inspect … | head` does, is no failure. Without this, the error event
 * of the stream would end the process with a stack trace.
 */
function ignoreBrokenPipes(): void {
  process.stdout.on('error', () => {}); // other failures reach the caller of writeResult
  process.stderr.on('error', () => {}); // nowhere left to report to
}

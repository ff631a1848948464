import { packageVersion } from './version.js';

/**
 * The command line, from the arguments after the program's name to the process's exit code. Everything but the
 * version is loaded when it is needed: start-up is paid once a file by scripts that call prpack in a loop.
 */
export async function main(argv: readonly string[]): Promise<void> {
  ignoreBrokenPipe(process.stdout); // other failures reach the caller of writeResult
  if (asksForVersion(argv)) {
    process.stdout.write(`${packageVersion()}\n`);
    return;
  }
  ignoreBrokenPipe(process.stderr); // nowhere left to report other failures to
  const { run } = await import('./program.js');
  process.exitCode = await run(argv);
}

/** `prpack --version`, also behind the name of a command. */
function asksForVersion(argv: readonly string[]): boolean {
  const last = argv.at(-1);
  return (last === '--version' || last === '-V') && !argv.slice(0, -1).some((word) => word.startsWith('-'));
}

/**
 * A reader that closes its end early, as `prpack inspect … | head` does, is no failure. Without this, the error event
 * of the stream would end the process with a stack trace.
 */
function ignoreBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', () => {});
}

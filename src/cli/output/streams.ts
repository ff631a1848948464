import { PrpackError } from '../../errors.js';

let results: NodeJS.WriteStream | undefined;

/** From now on stdout carries media, and results go to stderr. */
export function giveStdoutToMedia(): void {
  results = process.stderr;
}

/**
 * Writes a result to stdout, or to stderr where stdout carries media, and waits until it is out.
 * @throws PrpackError OUTPUT_FAILED when it cannot be written, unless the reader went away
 */
export async function writeResult(text: string): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
    (results ?? process.stdout).write(text, resolve);
  });
  if (!error || error.code === 'EPIPE') return;
  throw new PrpackError(
    'OUTPUT_FAILED',
    `the result cannot be written to the standard output (${error.code})`,
    { remedy: 'Check the file or program that the standard output goes to; the work itself is done.' },
    error,
  );
}

let isQuiet = false;

/** From now on messages are dropped. Results and errors are not. */
export function silenceMessages(): void {
  isQuiet = true;
}

/** Writes lines for people to stderr, unless they were silenced. */
export function writeMessage(text: string): void {
  if (!isQuiet) writeError(text);
}

/** Writes lines about an error to stderr. */
export function writeError(text: string): void {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

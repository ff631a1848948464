const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * How long further signals are taken for the first one: a terminal sends Ctrl-C to the whole process group, and npx
 * passes its own on, so that one key press arrives twice.
 */
const ECHO_MS = 500;

/**
 * Runs a job that SIGINT and SIGTERM abort, so that it can remove what it has begun. A later signal finds no handler
 * and ends the process at once.
 */
export async function interruptible<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const restore = () => {
    for (const name of SIGNALS) process.off(name, abort);
  };
  const abort = () => {
    if (controller.signal.aborted) return;
    controller.abort();
    setTimeout(restore, ECHO_MS).unref();
  };
  for (const name of SIGNALS) process.on(name, abort);
  try {
    return await job(controller.signal);
  } finally {
    restore();
  }
}

import { describe, expect, it } from 'vitest';
import { builtSource } from '../support/built-source.js';
import { runProgram } from '../support/cli.js';

/** A program around `interruptible`: it says when it runs and when it is told to stop, and never ends by itself. */
const STUBBORN = `
import { interruptible } from ${JSON.stringify(await builtSource('cli/interrupt.ts'))};
await interruptible((signal) => new Promise(() => {
  setInterval(() => {}, 1000);
  signal.addEventListener('abort', () => console.log('aborted'));
  console.log('running');
}));`;

/** Runs the program and sends SIGINT at these times after it runs; the signal that ends it, and how long it took. */
async function interruptAt(
  timesMs: readonly number[],
): Promise<{ endedBy: string | null; stdout: string; lifeMs: number }> {
  let endedBy: string | null = null;
  let startMs = 0;
  let endMs = 0;
  const { stdout } = await runProgram(process.execPath, ['--input-type=module', '-e', STUBBORN], {
    onStart: (child) => {
      child.stdout!.once('data', () => {
        startMs = performance.now();
        for (const timeMs of timesMs) setTimeout(() => child.kill('SIGINT'), timeMs);
      });
      child.on('exit', (_, signal) => {
        endedBy = signal;
        endMs = performance.now();
      });
    },
  });
  return { endedBy, stdout, lifeMs: endMs - startMs };
}

describe('interruptible', () => {
  it('ends at once at the second signal, with the default of the system', async () => {
    const { endedBy, stdout, lifeMs } = await interruptAt([0, 1200]);
    expect(endedBy).toBe('SIGINT');
    expect(stdout).toBe('running\naborted\n');
    expect(lifeMs).toBeGreaterThan(1000);
  });

  it('takes the echo of a signal, as a terminal and npx make it, for the same', async () => {
    const { endedBy, stdout, lifeMs } = await interruptAt([0, 50, 1200]);
    expect(endedBy).toBe('SIGINT');
    expect(stdout).toBe('running\naborted\n');
    expect(lifeMs).toBeGreaterThan(1000);
  });
});

import { type ErrorCode, exitCodeOf } from '../../errors.js';
import type { BatchResult, ResultLine } from './types.js';

/** Exit code of a batch whose failures are of several kinds: that of bad input, the most frequent one. */
const MIXED_FAILURES = 3;

/** Counts how jobs end. */
export class Tally {
  #done = 0;
  #unchanged = 0;
  #skipped = 0;
  #failed = 0;
  #bytes = 0;
  readonly #failures = new Map<string, number>();
  readonly #startMs = performance.now();

  get ended(): number {
    return this.#done + this.#skipped + this.#failed;
  }

  add({ status, unchanged, bytes = 0, error }: ResultLine): void {
    if (status === 'done') {
      this.#done++;
      this.#bytes += bytes;
      if (unchanged) this.#unchanged++;
    } else if (status === 'skipped') {
      this.#skipped++;
    } else {
      this.#failed++;
      this.#failures.set(error!.code, (this.#failures.get(error!.code) ?? 0) + 1);
    }
  }

  result(
    common: Pick<BatchResult, 'run' | 'dryRun' | 'results' | 'total' | 'warnings'>,
    wasStopped: boolean,
  ): BatchResult {
    const { run, dryRun, results, total, warnings } = common;
    return {
      run,
      dryRun,
      results,
      total,
      done: this.#done,
      unchanged: this.#unchanged,
      skipped: this.#skipped,
      failed: this.#failed,
      notStarted: total - this.ended,
      failures: Object.fromEntries(this.#failures),
      bytes: this.#bytes,
      elapsedMs: Math.round(performance.now() - this.#startMs),
      exitCode: wasStopped ? exitCodeOf('ABORTED') : this.#exitCode(),
      warnings,
    };
  }

  #exitCode(): number {
    const codes = new Set([...this.#failures.keys()].map((code) => exitCodeOf(code as ErrorCode)));
    if (codes.size === 0) return 0;
    return codes.size === 1 ? [...codes][0]! : MIXED_FAILURES;
  }
}

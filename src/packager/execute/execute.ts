import type { OutputFile } from '../../bytes/output-file.js';
import type { ByteSource } from '../../bytes/source.js';
import type { ContentKey } from '../../keys/content-key.js';
import type { OutputPlan } from '../plan/output-plan.js';
import type { TrackProtection } from '../plan/track-protection.js';
import type { Threads } from '../types.js';
import { expectNotAborted } from './abort.js';
import { HeldKeys } from './held-keys.js';
import { writeInline } from './inline.js';
import { reuseFreedMemory } from './memory.js';
import { tasksOf } from './sample-processor.js';
import { stretchesOf } from './stretch.js';
import { threadCount } from './thread-count.js';

/** Output is produced and written in stretches of so many bytes: few enough messages, little enough memory. */
const STRETCH_BYTES = 2 ** 20;

/** A plan to carry out. */
export interface Execution {
  readonly plan: OutputPlan;
  readonly source: ByteSource;
  readonly protections: readonly TrackProtection[];
  /** The content key of a KID; undefined when samples under it are not to be touched. */
  readonly keyOf: (kid: string) => ContentKey | undefined;
  readonly output: OutputFile;
  /** Default `auto`. */
  readonly threads?: Threads | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes written so far. */
  readonly onBytes?: ((bytesDone: number) => void) | undefined;
  /** Hash the output beside writing it. Default false. */
  readonly fingerprint?: boolean | undefined;
  /** Default 1 MiB. */
  readonly stretchBytes?: number | undefined;
}

export interface ExecutionResult {
  /** SHA-256 of the whole output, 64 hexadecimal digits. Only where it was asked for. */
  readonly sha256: string | undefined;
}

/**
 * Writes the whole output. When this returns, every byte was handed to the operating system, and no thread is left.
 * @throws PrpackError ABORTED, INVALID_ARGUMENT, INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
 */
export async function executePlan(execution: Execution): Promise<ExecutionResult> {
  const { plan, source, protections, keyOf, output, signal, fingerprint = false } = execution;
  const { onBytes = () => {}, stretchBytes = STRETCH_BYTES } = execution;
  const threads = threadCount(execution.threads ?? 'auto', plan.sizeBytes, stretchBytes);
  expectNotAborted(signal);
  const keys = new HeldKeys();
  try {
    const tasks = tasksOf(protections, keyOf, keys.hold);
    const stretches = stretchesOf(plan, source, stretchBytes);
    const work = { stretches, tasks, stretchBytes, sizeBytes: plan.sizeBytes, signal, onBytes, fingerprint };
    if (threads === 1 || !source.file) return { sha256: await writeInline(work, source, output.handle) };
    reuseFreedMemory();
    const { writeOnThreads } = await import('./threads.js');
    return { sha256: await writeOnThreads(work, source.file, output.handle, threads) };
  } finally {
    keys.wipe();
  }
}

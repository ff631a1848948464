import { parentPort, workerData } from 'node:worker_threads';
import type { ContentKey } from '../../keys/content-key.js';
import type { KeyId } from '../../keys/key-id.js';
import type { KeySource } from '../../keys/key-source.js';
import { packKeys, unpackKeys } from '../../keys/sent-keys.js';
import type { PackagerKeyStore } from '../../keystore/key-store.js';
import { spellOptionsAs } from '../../settings/spelling.js';
import { packError, unpackError } from '../../threads/sent-error.js';
import type { Progress } from '../types.js';
import type { FromRunner, KeyCall, ToRunner } from './messages.js';
import { performTask } from './perform.js';

/** The code of a thread that does jobs, one at a time. */

/** Progress is reported so often at most, in milliseconds: who looks at it does not see more. */
const PROGRESS_INTERVAL_MS = 100;

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

spellOptionsAs(workerData);
const port = parentPort!;
const calls = new Map<number, Call>();
let lastCall = 0;
let stopping = new AbortController();

port.on('message', (message: ToRunner) => {
  if (message.kind === 'task') void perform(message);
  else if (message.kind === 'abort') stopping.abort();
  else settle(message);
});

async function perform({
  task,
  location,
  hasSource,
  canRotate,
}: Extract<ToRunner, { kind: 'task' }>): Promise<void> {
  stopping = new AbortController();
  const keyStore: PackagerKeyStore = {
    location,
    register: remote('register'),
    markActive: remote('markActive'),
    findByContentId: remote('findByContentId'),
  };
  const source: KeySource = { assign: remote('assign'), ...(canRotate !== undefined && { canRotate }) };
  const keys = hasSource ? source : undefined;
  try {
    const lookup = { find: remote<[kid: KeyId], ContentKey | undefined>('find') };
    const tools = { keyStore, keys, lookup, signal: stopping.signal, onProgress: progressTeller() };
    tell({ kind: 'ended', outcome: await performTask(task, tools) });
  } catch (error) {
    tell({ kind: 'failed', error: packError(error) });
  }
}

/** A method of the job's keys on the main thread. */
function remote<Args extends unknown[], Result>(method: KeyCall): (...args: Args) => Promise<Result> {
  return (...args) =>
    new Promise<Result>((resolve, reject) => {
      const call = ++lastCall;
      calls.set(call, { resolve: resolve as Call['resolve'], reject });
      tell({ kind: 'call', call, method, args: packKeys(args) });
    });
}

function settle(message: Extract<ToRunner, { kind: 'answer' | 'refusal' }>): void {
  const call = calls.get(message.call)!;
  calls.delete(message.call);
  if (message.kind === 'answer') call.resolve(unpackKeys(message.value));
  else call.reject(unpackError(message.error));
}

function progressTeller(): (progress: Progress) => void {
  let toldMs = performance.now();
  return (progress) => {
    const now = performance.now();
    if (now - toldMs < PROGRESS_INTERVAL_MS) return;
    toldMs = now;
    tell({ kind: 'progress', progress });
  };
}

function tell(message: FromRunner): void {
  port.postMessage(message);
}

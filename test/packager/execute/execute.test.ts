import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { FileSink } from '../../../src/bytes/sinks/file-sink.js';
import { BorrowedSource } from '../../../src/bytes/source.js';
import type { PrpackError } from '../../../src/errors.js';
import type { Digests, WantedDigests } from '../../../src/packager/digests.js';
import { type Execution, executePlans } from '../../../src/packager/execute/execute.js';
import { tasksOf } from '../../../src/packager/execute/sample-processor.js';
import { startWorkerPool } from '../../../src/packager/execute/start-worker-pool.js';
import type { Layout, Threads } from '../../../src/packager/types.js';
import { fingerprintUnder } from '../../support/fingerprint.js';
import { sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';
import { type Planned, planToDecrypt, planToEncrypt } from './plans.js';

const temporary = temporaryFolder();
/** An odd number, so that chunks end inside samples, blocks and boxes. */
const CHUNK_BYTES = 4001;
const LAYOUTS: readonly Layout[] = ['fragmented', 'keep'];
let count = 0;
let folder: string;
let planned: Planned | undefined;

beforeEach(() => {
  if (inject('buildProblem'))
    throw new Error(`threads run dist/, which cannot be built:\n${inject('buildProblem')}`);
  folder = temporary(`case${count++}`);
  mkdirSync(folder);
});
afterEach(() => {
  planned?.source.close();
  planned = undefined;
});

/** Carries a plan out and publishes it; what fails is discarded, as jobs do. */
async function carryOut(
  path: string,
  plan: Planned,
  { threads, digests, ...more }: Execution & { threads?: Threads; digests?: WantedDigests },
): Promise<Digests & { bytes: Buffer }> {
  planned = plan;
  const pool = await startWorkerPool(plan.source, threads, CHUNK_BYTES);
  const sink = new FileSink(path, false);
  try {
    const [result] = await executePlans([{ ...plan, output: sink.staged.handle, digests }], {
      pool,
      chunkBytes: CHUNK_BYTES,
      ...more,
    });
    sink.commit();
    return { ...result, bytes: readFileSync(path) };
  } finally {
    await pool?.stop();
    sink.abort();
  }
}

async function failureOf(work: Promise<unknown>): Promise<PrpackError> {
  const [result] = await Promise.allSettled([work]);
  if (result.status === 'fulfilled') throw new Error('it succeeded');
  return result.reason;
}

const DIGESTS = { fingerprintKey: '0d'.repeat(16) };

describe('executePlans', () => {
  it('writes several outputs, each from its own input, as it writes them alone', async () => {
    const inputs = [
      [sample('bars.mp4'), 'fragmented'],
      [sample('bars.mp4'), 'keep'],
      [sample('bars-fragmented.mp4'), 'fragmented'],
    ] as const;
    const alone: (Digests & { bytes: Buffer })[] = [];
    for (const [i, [path, layout]] of inputs.entries()) {
      const plan = await planToEncrypt(path, layout);
      alone.push(await carryOut(`${folder}/alone${i}.mp4`, plan, { digests: DIGESTS }));
      plan.source.close();
    }
    for (const threads of [1, 3]) {
      const plans = await Promise.all(inputs.map(([path, layout]) => planToEncrypt(path, layout)));
      const sinks = plans.map((_, i) => new FileSink(`${folder}/${threads}-${i}.mp4`, false));
      const outputs = plans.map((plan, i) => ({
        ...plan,
        output: sinks[i].staged.handle,
        digests: i === 1 ? undefined : DIGESTS,
      }));
      const pool = await startWorkerPool(plans[0].source, threads, CHUNK_BYTES);
      const seen: number[] = [];
      const onBytes = (bytesDone: number) => void seen.push(bytesDone);
      const whole: [output: number, bytes: Buffer][] = [];
      const onOutput = async (output: number) => {
        whole.push([output, readFileSync(sinks[output].staged.temporaryPath)]);
      };
      const results = await executePlans(outputs, { pool, chunkBytes: CHUNK_BYTES, onBytes, onOutput });
      for (const sink of sinks) sink.commit();
      for (const { source } of plans) source.close();
      const written = sinks.map(({ path }) => readFileSync(path));
      expect(written.map((bytes, i) => bytes.equals(alone[i].bytes))).toEqual([true, true, true]);
      expect(whole.map(([output]) => output).sort()).toEqual([0, 1, 2]);
      for (const [output, bytes] of whole) expect(bytes.equals(written[output])).toBe(true);
      expect(results.map(({ fingerprint }) => fingerprint)).toEqual([
        alone[0].fingerprint,
        undefined,
        alone[2].fingerprint,
      ]);
      expect(seen.at(-1)).toBe(plans.reduce((sum, { plan }) => sum + plan.sizeBytes, 0));
    }
    planned = undefined;
  });

  it.each(LAYOUTS)('writes the same bytes by 1, 2 and 7 threads, %s', async (layout) => {
    const outputs: Buffer[] = [];
    for (const threads of [1, 2, 7]) {
      const plan = await planToEncrypt(sample('bars.mp4'), layout);
      const { bytes } = await carryOut(`${folder}/${threads}.mp4`, plan, { threads });
      plan.source.close();
      outputs.push(bytes);
    }
    planned = undefined;
    expect(outputs[0].length).toBeGreaterThan(7 * CHUNK_BYTES);
    expect(outputs[1].equals(outputs[0])).toBe(true);
    expect(outputs[2].equals(outputs[0])).toBe(true);
    // and they are encrypted: in the layout of the input, all but the boxes and NAL headers differ from it
    if (layout === 'keep')
      expect(commonBytes(outputs[0], readFileSync(sample('bars.mp4')))).toBeLessThan(0.2);
  });

  it('decrypts to the same bytes by 1, 2 and 7 threads: those of the input', async () => {
    const encrypted = `${folder}/encrypted.mp4`;
    await carryOut(encrypted, await planToEncrypt(sample('bars.mp4'), 'keep'), { threads: 1 });
    for (const threads of [1, 2, 7]) {
      planned?.source.close();
      const { bytes } = await carryOut(`${folder}/${threads}.mp4`, planToDecrypt(encrypted), { threads });
      expect(bytes.equals(readFileSync(sample('bars.mp4')))).toBe(true);
    }
  });

  it.each([1, 2, 7])(
    'takes the fingerprint of the output beside writing it, with %d threads',
    async (threads) => {
      const plan = await planToEncrypt(sample('bars.mp4'), 'fragmented');
      const { bytes, ...found } = await carryOut(`${folder}/a.mp4`, plan, { threads, digests: DIGESTS });
      expect(found).toEqual({ fingerprint: fingerprintUnder(DIGESTS.fingerprintKey, bytes) });
    },
  );

  it('takes no digests unless asked to', async () => {
    const plan = await planToEncrypt(sample('bars.mp4'), 'keep');
    const { bytes: _, ...found } = await carryOut(`${folder}/a.mp4`, plan, { threads: 2 });
    expect(found).toEqual({});
  });

  it.each([1, 3])('sums progress over %d threads', async (threads) => {
    const plan = await planToEncrypt(sample('bars.mp4'), 'keep');
    const seen: number[] = [];
    await carryOut(`${folder}/a.mp4`, plan, { threads, onBytes: (bytes) => seen.push(bytes) });
    expect(seen).toHaveLength(Math.ceil(plan.plan.sizeBytes / CHUNK_BYTES));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(plan.plan.sizeBytes);
  });

  it.each([0, -1, 1.5, 65, Number.NaN])('refuses %d threads', async (threads) => {
    const plan = await planToEncrypt(sample('bars.mp4'), 'keep');
    const error = await failureOf(carryOut(`${folder}/a.mp4`, plan, { threads }));
    expect(error.code).toBe('INVALID_ARGUMENT');
  });
});

describe('what threads are sent', () => {
  it.each(LAYOUTS)('lies on shared memory, so that no thread gets a copy, %s', async (layout) => {
    const path = `${folder}/a.mp4`;
    const toEncrypt = await planToEncrypt(sample('bars.mp4'), layout);
    await carryOut(path, toEncrypt, {});
    const toDecrypt = planToDecrypt(path);
    const tasks = [toEncrypt, toDecrypt].flatMap(({ steps }) =>
      steps.flatMap((step) => tasksOf(step, (key) => key)),
    );
    const long = tasks.flatMap(({ keys: _, ...task }) => viewsIn(task)).filter((view) => view.length > 16);
    expect(long.length).toBeGreaterThan(0);
    expect(long.filter((view) => !(view.buffer instanceof SharedArrayBuffer))).toEqual([]);
    toDecrypt.source.close();
  });
});

describe('failures of threads', () => {
  it.each([1, 3])('ends with the error of the read, with %d threads', async (threads) => {
    const input = `${folder}/input.mp4`;
    const padding = Buffer.concat([
      Buffer.from([0, 16, 0, 0]),
      Buffer.from('free'),
      Buffer.alloc(2 ** 20 - 8),
    ]);
    writeFileSync(input, Buffer.concat([readFileSync(sample('bars.mp4')), padding])); // a smaller file is in memory by then
    const plan = await planToEncrypt(input, 'keep');
    truncateSync(input, 60_000);
    const error = await failureOf(carryOut(`${folder}/a.mp4`, plan, { threads }));
    expect(error).toMatchObject({ name: 'PrpackError', code: 'TRUNCATED_INPUT', details: { path: input } });
    expect(error.details.remedy).toBeTruthy();
    expect(readdirSync(folder)).toEqual(['input.mp4']);
  });

  it.runIf(existsSync('/proc/self/mem')).each([1, 3])(
    'passes on what the system says, with %d threads',
    async (threads) => {
      const plan = await planToEncrypt(sample('bars.mp4'), 'keep');
      // Nothing is mapped at the first addresses of a process: reading them gives EIO.
      const fd = openSync('/proc/self/mem', 'r');
      const source = new BorrowedSource({ path: 'input.mp4', fd, sizeBytes: plan.source.sizeBytes });
      const error = await failureOf(carryOut(`${folder}/a.mp4`, { ...plan, source }, { threads }));
      expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', details: { path: 'input.mp4' } });
      expect(error.message).toContain('EIO');
      expect((error.cause as Error).message).toContain('EIO');
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it.runIf(existsSync('/dev/full')).each([1, 3])(
    'ends with the error of the write, with %d threads',
    async (threads) => {
      const plan = await planToEncrypt(sample('bars.mp4'), 'keep');
      planned = plan;
      const output = { path: 'a.mp4', fd: openSync('/dev/full', 'w') };
      const pool = await startWorkerPool(plan.source, threads, CHUNK_BYTES);
      const error = await failureOf(executePlans([{ ...plan, output }], { pool, chunkBytes: CHUNK_BYTES }));
      expect(error).toMatchObject({ code: 'OUTPUT_FAILED', details: { path: 'a.mp4' } });
      expect(error.message).toContain('ENOSPC');
      expect(error.details.remedy).toContain('full');
    },
  );

  it.each([1, 3])('ends with the error of what follows on an output, with %d threads', async (threads) => {
    const plan = await planToEncrypt(sample('bars.mp4'), 'keep');
    const sink = new FileSink(`${folder}/a.mp4`, false);
    const pool = await startWorkerPool(plan.source, threads, CHUNK_BYTES);
    const problem = new Error('the output is not right');
    const output = { ...plan, output: sink.staged.handle };
    const onOutput = () => Promise.reject(problem);
    expect(await failureOf(executePlans([output], { pool, chunkBytes: CHUNK_BYTES, onOutput }))).toBe(
      problem,
    );
    sink.abort();
    plan.source.close();
    planned = undefined;
  });

  it.each([1, 3])('ends with the error of the caller, with %d threads', async (threads) => {
    const plan = await planToEncrypt(sample('bars.mp4'), 'keep');
    const problem = new Error('no more progress');
    const onBytes = () => {
      throw problem;
    };
    expect(await failureOf(carryOut(`${folder}/a.mp4`, plan, { threads, onBytes }))).toBe(problem);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([1, 3])(
    'notices a plan whose pieces are not as long as it said, with %d threads',
    async (threads) => {
      const real = await planToEncrypt(sample('bars.mp4'), 'fragmented');
      const { plan } = real;
      const lying = {
        sizeBytes: plan.sizeBytes,
        segmentStartBytes: plan.segmentStartBytes,
        pieces: (segment: number) => plan.pieces(segment, real.source).slice(segment === 2 ? 1 : 0),
      };
      const error = await failureOf(carryOut(`${folder}/a.mp4`, { ...real, plan: lying }, { threads }));
      expect(error.code).toBe('INTERNAL');
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it.each([1, 3])('stops in the middle when told to, with %d threads', async (threads) => {
    const plan = await planToEncrypt(sample('bars.mp4'), 'keep');
    const controller = new AbortController();
    const reason = new Error('enough');
    let lastBytes = 0;
    const onBytes = (bytes: number) => {
      lastBytes = bytes;
      if (bytes > 5 * CHUNK_BYTES) controller.abort(reason);
    };
    const { signal } = controller;
    const error = await failureOf(
      carryOut(`${folder}/a.mp4`, plan, { threads, onBytes, signal, digests: DIGESTS }),
    );
    expect(error).toMatchObject({ code: 'ABORTED', cause: reason });
    expect(lastBytes).toBeLessThan(plan.plan.sizeBytes);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not begin when it was stopped before', async () => {
    const plan = await planToEncrypt(sample('bars.mp4'), 'keep');
    const seen: number[] = [];
    const onBytes = (bytes: number) => seen.push(bytes);
    const execution = { threads: 3, signal: AbortSignal.abort(), onBytes };
    expect((await failureOf(carryOut(`${folder}/a.mp4`, plan, execution))).code).toBe('ABORTED');
    expect(seen).toEqual([]);
  });
});

/** Part of the bytes that are the same at the same place. */
function commonBytes(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  let same = 0;
  for (let i = 1; i <= length; i++) if (a[a.length - i] === b[b.length - i]) same++;
  return same / length;
}

/** Every typed array in a tree of plain objects. */
function viewsIn(value: unknown): (Uint8Array | Float64Array)[] {
  if (ArrayBuffer.isView(value)) return [value as Uint8Array];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(viewsIn);
}

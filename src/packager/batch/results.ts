import { FileLock } from '../../bytes/file-lock.js';
import { LineFile } from '../../bytes/line-file.js';
import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import type { InputFingerprint, ResultLine } from './types.js';

/** How long a results file on a full disk is waited for, in seconds. */
const RETRIES = 60;
/** Lines on their way to the disk before new jobs wait for them. */
const MAX_PENDING = 256;

/** What the last line of an output says of a job that is done. */
export interface Proof {
  readonly input: string;
  readonly settingsSha256: string;
  readonly fingerprint: InputFingerprint & { readonly digest: string };
  readonly bytes: number;
  readonly outputFingerprint: string;
  readonly kids: readonly string[];
}

/** Where a batch notes how its jobs end. */
export type Results = Pick<ResultsFile, 'path' | 'proofOf' | 'add' | 'flush'>;

/** Those of a batch that only plans. */
export function noResults(path: string): Results {
  return { path, proofOf: () => undefined, add: async () => {}, flush: async () => {} };
}

/** The results file of a running batch, which nobody else writes to. */
export class ResultsFile {
  readonly path: string;
  readonly #lock: FileLock;
  readonly #lines: LineFile;
  /** By the output's path. */
  readonly #proofs: ReadonlyMap<string, Proof>;

  private constructor(path: string, lock: FileLock, lines: LineFile, proofs: ReadonlyMap<string, Proof>) {
    this.path = path;
    this.#lock = lock;
    this.#lines = lines;
    this.#proofs = proofs;
  }

  /**
   * Opens the file to add lines to it. A last line that a crash tore is cut off.
   * @throws PrpackError OUTPUT_FAILED; INVALID_ARGUMENT when the file is another one, which is then left as it is
   */
  static async open(path: string, signal: AbortSignal | undefined): Promise<ResultsFile> {
    const lock = await takeLock(path);
    try {
      let proofs: ReadonlyMap<string, Proof> = new Map();
      const lines = await LineFile.open(path, { retries: RETRIES, signal }, (text) => {
        proofs = readProofs(text, path);
      });
      return new ResultsFile(path, lock, lines, proofs);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** What earlier runs prove of an output, if its last line says that it was done. */
  proofOf(output: string): Proof | undefined {
    return this.#proofs.get(output);
  }

  /**
   * Adds a line. The promise ends when it is on the disk, or sooner as long as few lines wait.
   * @throws PrpackError OUTPUT_FAILED
   */
  async add(line: ResultLine): Promise<void> {
    const written = this.#lines.append(JSON.stringify(line));
    if (this.#lines.pending >= MAX_PENDING) await written;
    else written.catch(() => {}); // met again in `flush`
  }

  /**
   * Ends when every line is on the disk.
   * @throws PrpackError OUTPUT_FAILED
   */
  async flush(): Promise<void> {
    await this.#lines.flush();
  }

  async close(): Promise<void> {
    try {
      await this.#lines.close();
    } finally {
      this.#lock.release();
    }
  }
}

async function takeLock(path: string): Promise<FileLock> {
  const lock = await FileLock.acquire(`${path}.lock`).catch((cause) => {
    const remedy = `Check that this user may write to its folder, or name another one with ${named('results')}.`;
    throw new PrpackError(
      'OUTPUT_FAILED',
      `the results file ${path} cannot be locked`,
      { path, remedy },
      cause,
    );
  });
  if (lock) return lock;
  throw new PrpackError('OUTPUT_FAILED', `another batch writes to the results file ${path}`, {
    path,
    remedy: 'Wait until it is done, or give this one a results file and a folder of its own.',
  });
}

/** The last word on each output. Lines that a power loss damaged prove nothing, and neither do those that know no fingerprints. */
function readProofs(text: string, path: string): Map<string, Proof> {
  const proofs = new Map<string, Proof>();
  if (text !== '' && !text.startsWith('{"run":'.slice(0, text.length))) throw notResults(path);
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    const result = parseLine(line);
    if (!result) continue;
    const proof = proofIn(result);
    if (proof) proofs.set(result.output, proof);
    else proofs.delete(result.output);
  }
  return proofs;
}

function parseLine(line: string): ResultLine | undefined {
  try {
    const result = JSON.parse(line) as ResultLine | null;
    return typeof result?.output === 'string' ? result : undefined;
  } catch {
    return undefined;
  }
}

function proofIn(result: ResultLine): Proof | undefined {
  const { status, input, settingsSha256, fingerprint, bytes, outputFingerprint, kids } = result;
  if (status === 'failed' || fingerprint?.digest === undefined) return undefined;
  if (bytes === undefined || outputFingerprint === undefined || !Array.isArray(kids)) return undefined;
  return {
    ...{ input, settingsSha256, bytes, outputFingerprint, kids },
    fingerprint: { ...fingerprint, digest: fingerprint.digest },
  };
}

function notResults(path: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `${path} is not a results file of prpack`, {
    path,
    remedy: `Name another file with ${named('results')}; this one has been left as it is.`,
  });
}

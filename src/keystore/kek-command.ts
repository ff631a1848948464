import { resolve } from 'node:path';
import type { KekSource, KeptKek } from './kek.js';
import type { KeyEncryptionKey } from './key-wrap.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A program that has not ended by then is ended. */
export const KEK_COMMAND_LIMIT_MS = 10_000;
/** The longest that a call waits for it: a new KEK is wrapped, and then opened again. */
export const KEK_COMMAND_WAIT_MS = 2 * KEK_COMMAND_LIMIT_MS;

/**
 * KEKs that a program wraps, such as a client of a key management service (KMS), and that the key store keeps in that form. The program
 * runs once for a KEK and process; the KEK then stays in memory. KEKs that the store does not keep are those of another source, so
 * that a store can change from one to the other while it is used.
 */
export class KekCommand implements KekSource {
  readonly name: string;
  readonly #environment: Environment;
  readonly #otherwise: KekSource;
  readonly #opened = new Map<string, Promise<KeyEncryptionKey>>();

  /**
   * @param path of the program
   * @param environment of the program, which gets it without the secrets of prpack
   * @param otherwise KEKs that the store does not keep
   */
  constructor(path: string, environment: Environment, otherwise: KekSource) {
    this.name = resolve(path);
    this.#environment = environment;
    this.#otherwise = otherwise;
  }

  async load(wantedId?: string, kept?: KeptKek): Promise<KeyEncryptionKey | undefined> {
    if (wantedId === undefined) return undefined;
    const opened = this.#opened.get(wantedId);
    if (opened) return opened;
    const wrapped = await kept?.(wantedId);
    return wrapped === undefined ? this.#otherwise.load(wantedId) : this.#open(wantedId, wrapped);
  }

  /** A new random KEK with its wrapped form, which was opened again before it is trusted. */
  readonly create = async (): Promise<KeyEncryptionKey> => {
    const kek = await createKekByCommand(this.name, this.#environment);
    this.#opened.set(kek.id, Promise.resolve(kek));
    return kek;
  };

  /** Calls that want the same KEK at once share one run of the program. One that failed is not remembered. */
  #open(id: string, wrapped: string): Promise<KeyEncryptionKey> {
    const opened = this.#opened.get(id) ?? this.#run(id, wrapped);
    this.#opened.set(id, opened);
    opened.catch(() => this.#opened.delete(id));
    return opened;
  }

  async #run(id: string, wrapped: string): Promise<KeyEncryptionKey> {
    const { openByProgram } = await import('./kek-program.js');
    return openByProgram(this.name, this.#environment, id, wrapped);
  }
}

/**
 * A new random KEK, with the form in which a store keeps it.
 * @param path of the KEK command
 * @param environment of the program, which gets it without the secrets of prpack
 * @throws PrpackError KEY_SOURCE_FAILED when the program cannot be run, fails, takes too long or does not answer as it should,
 *   KEY_INVALID when others may change it, or when it does not unwrap what it has wrapped
 */
export async function createKekByCommand(path: string, environment: Environment): Promise<KeyEncryptionKey> {
  const { createByProgram } = await import('./kek-program.js');
  return createByProgram(resolve(path), environment);
}

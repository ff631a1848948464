/** Reads a range of the file in order; `onBytes` gets each piece of it once. */
export type ReadRange = (
  startBytes: number,
  endBytes: number,
  onBytes: (bytes: Uint8Array) => void,
) => Promise<void>;

/** Room for blocks of a file: slots of one size. */
export interface BlockStore {
  readonly slots: number;
  readonly blockBytes: number;
  /** @param atBytes from the beginning of the first slot */
  write(bytes: Uint8Array, atBytes: number): void;
}

interface Entry {
  readonly slot: number;
  readonly ready: Promise<void>;
  isReady: boolean;
}

/** What is fetched before it is asked for, once a reader goes on in order. */
export interface FetchAhead {
  /** Blocks that one request asks for, at most; while the reader goes on, requests grow up to it. */
  readonly runBlocks: number;
  /** Requests ahead of the reader, of which several are under way at once. */
  readonly requests: number;
}

/** Keeps blocks of a file in a fixed number of slots, and fetches ahead of a reader that reads in order. */
export class BlockLoader {
  readonly #read: ReadRange;
  readonly #sizeBytes: number;
  readonly #store: BlockStore;
  readonly #ahead: FetchAhead;
  readonly #free: number[];
  /** By block, those not used for longest first. */
  readonly #entries = new Map<number, Entry>();
  /** In use by the reader: its slot is not taken for another. */
  #current = -1;
  #run = 1;

  constructor(read: ReadRange, sizeBytes: number, store: BlockStore, ahead: FetchAhead) {
    this.#read = read;
    this.#sizeBytes = sizeBytes;
    this.#store = store;
    this.#ahead = ahead;
    // The last is taken first: where there is a slot for each block, those of a file that is read in order are in order.
    this.#free = Array.from({ length: store.slots }, (_, i) => store.slots - 1 - i);
  }

  /** The slot that holds the block; it stays there until the next call. */
  async load(block: number): Promise<number> {
    this.#run = block === this.#current + 1 ? Math.min(this.#run * 2, this.#ahead.runBlocks) : 1;
    this.#current = block;
    const entry = await this.#entryOf(block);
    this.#entries.delete(block);
    this.#entries.set(block, entry);
    if (this.#run > 1) this.#fetchAhead(block);
    await entry.ready;
    return entry.slot;
  }

  async #entryOf(block: number): Promise<Entry> {
    for (;;) {
      if (!this.#entries.has(block)) this.#fetch(block, this.#run);
      const entry = this.#entries.get(block);
      if (entry) return entry;
      // All slots wait for bytes of earlier requests, which the reader has left behind.
      await Promise.race([...this.#entries.values()].map(({ ready }) => ready.catch(() => {})));
    }
  }

  /** Starts the next requests while less than is wanted is ahead of the reader. */
  #fetchAhead(block: number): void {
    const wanted = this.#run * this.#ahead.requests;
    for (let next = block + 1; next - block <= wanted; ) {
      if (this.#entries.has(next)) next++;
      else if (!this.#fetch(next, this.#run)) return;
    }
  }

  /**
   * Fetches so many blocks from `first` on, or as many as there is room for and are not there already.
   * @returns whether there are any
   */
  #fetch(first: number, count: number): boolean {
    const { blockBytes } = this.#store;
    const waiting: { entry: Entry; resolve: () => void; reject: (error: unknown) => void }[] = [];
    for (let block = first; block < first + count && block * blockBytes < this.#sizeBytes; block++) {
      const slot = this.#entries.has(block) ? undefined : this.#takeSlot();
      if (slot === undefined) break;
      const { promise: ready, resolve, reject } = withResolvers();
      ready.catch(() => {}); // met again by the caller that asks for the block
      const entry: Entry = { slot, ready, isReady: false };
      this.#entries.set(block, entry);
      waiting.push({ entry, resolve, reject });
    }
    if (waiting.length === 0) return false;
    this.#fill(first, waiting).catch((error) => {
      // What did not come is forgotten, so that it is tried again when it is asked for.
      for (const [i, { entry, reject }] of waiting.entries()) {
        if (entry.isReady) continue;
        this.#entries.delete(first + i);
        this.#free.push(entry.slot);
        reject(error);
      }
    });
    return true;
  }

  async #fill(first: number, waiting: readonly { entry: Entry; resolve: () => void }[]): Promise<void> {
    const { blockBytes } = this.#store;
    const startBytes = first * blockBytes;
    const endBytes = Math.min(startBytes + waiting.length * blockBytes, this.#sizeBytes);
    let done = 0;
    await this.#read(startBytes, endBytes, (piece) => {
      for (let at = 0; at < piece.length; ) {
        const { entry, resolve } = waiting[Math.floor(done / blockBytes)];
        const within = done % blockBytes;
        const part = piece.subarray(at, at + blockBytes - within);
        this.#store.write(part, entry.slot * blockBytes + within);
        at += part.length;
        done += part.length;
        if (done % blockBytes === 0 || startBytes + done === endBytes) {
          entry.isReady = true;
          resolve();
        }
      }
    });
  }

  /** A free slot, or that of the block that was not used for longest. */
  #takeSlot(): number | undefined {
    if (this.#free.length > 0) return this.#free.pop();
    for (const [block, { slot, isReady }] of this.#entries) {
      if (!isReady || block === this.#current) continue;
      this.#entries.delete(block);
      return slot;
    }
    return undefined;
  }
}

function withResolvers() {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Where lines go. */
export interface LineStream {
  write(line: string): unknown;
}

/**
 * Lines of one turn of the event loop, written together: to stderr each write is a call of the system that this process waits for. What is
 * left is written when the process ends.
 */
export class GatheredLines implements LineStream {
  readonly #stream: LineStream;
  #lines = '';

  constructor(stream: LineStream) {
    this.#stream = stream;
    process.once('exit', () => this.flush());
  }

  write(line: string): void {
    if (this.#lines === '') setImmediate(() => this.flush());
    this.#lines += line;
  }

  flush(): void {
    const lines = this.#lines;
    this.#lines = '';
    if (lines !== '') this.#stream.write(lines);
  }
}

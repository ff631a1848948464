const LARGE_BYTES = 30 * 10 ** 6;

/**
 * Makes glibc keep freed memory for the next use. Each call of a cipher returns new memory, some megabytes of which
 * become free together; by default they are given back to the system at once, and taking them again costs a third as much
 * as the encryption. glibc raises the limit by itself when it sees a large block freed (mallopt(3), M_TRIM_THRESHOLD), so
 * one is, without ever being touched. Other libraries take no notice.
 */
export function reuseFreedMemory(): void {
  const { port1 } = new MessageChannel();
  const block = new ArrayBuffer(LARGE_BYTES);
  port1.postMessage(block, [block]);
  port1.close(); // and with it, what nobody received
}

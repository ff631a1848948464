/**
 * Lets one job at a time make keys for a content: the next one then finds them, where both would have made their own. Jobs of other
 * contents are not held up.
 */
export class ContentLocks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Ends when the content is free. The result frees it for the next one, and may be called again. */
  async take(contentId: string): Promise<() => void> {
    const before = this.#tails.get(contentId);
    let free = () => {};
    const tail = new Promise<void>((resolve) => {
      free = resolve;
    });
    this.#tails.set(contentId, tail);
    await before;
    return () => {
      if (this.#tails.get(contentId) === tail) this.#tails.delete(contentId);
      free();
    };
  }
}

const AT_ONCE = 4;

/**
 * Does the work on all items, several at once. After a failure no other is begun, and those under way end first.
 * @throws what the first one that failed has thrown
 */
export async function inParallel<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const workOnSome = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      await work(items[index]!, index).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, workOnSome));
  if (failures.length > 0) throw failures[0];
}

import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';

/** What is no failure of another kind. */
const PASSED_ON: readonly string[] = ['OUTPUT_CHECK_FAILED', 'ABORTED'];

/** Makes every other failure one of the check. */
export async function checking<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof PrpackError && PASSED_ON.includes(error.code)) throw error;
    throw failed('it cannot be read back', error);
  }
}

/** @throws PrpackError OUTPUT_CHECK_FAILED when what was received is not as expected */
export function assertEqual(what: string, expected: string | number, received: string | number): void {
  if (expected === received) return;
  throw failed(`${what} is ${received} instead of ${expected}`);
}

/** The refusal of an output. */
export function failed(problem: string, cause?: unknown): PrpackError {
  return new PrpackError(
    'OUTPUT_CHECK_FAILED',
    `the output was not published, because its check failed: ${problem}`,
    {
      remedy:
        'Run it again; if it fails again, either the disk does not keep what is written or this is a defect of prpack: ' +
        `report it with what inspect says of the input with ${named('boxes', true)}.`,
    },
    cause,
  );
}

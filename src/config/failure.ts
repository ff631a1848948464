import { type ErrorDetails, PrpackError } from '../errors.js';

/** The error for a configuration file that cannot be used. */
export function configError(
  path: string,
  problem: string,
  details: ErrorDetails & { readonly remedy: string },
  cause?: unknown,
): PrpackError {
  return new PrpackError(
    'INVALID_ARGUMENT',
    `the configuration file ${path}: ${problem}`,
    { path, ...details },
    cause,
  );
}

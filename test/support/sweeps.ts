/**
 * Whether the long tests run: sweeps, campaigns and players. A title of what is skipped or shortened without them ends with `BY_SWEEPS`.
 */
export const SWEEPS = Boolean(process.env.PRPACK_SWEEPS);

/** The reason in the title of a test that only sweeps run. */
export const BY_SWEEPS = '(set PRPACK_SWEEPS=1)';

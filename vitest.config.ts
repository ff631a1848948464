import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { ISOLATED } from './test/support/isolated.js';

const ALL = 'test/**/*.test.ts';

export default defineConfig({
  test: {
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/support/private-home.ts'],
    // Tests that wait, for time or for processes of their own, leave a core idle.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // Interop tests start ffmpeg, packagers and a browser beside the workers: seconds each, on two cores.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      // To load the modules of src/ for every file took a third of the processor time of all tests.
      { extends: true, test: { name: 'shared', include: [ALL], exclude: ISOLATED, isolate: false } },
      { extends: true, test: { name: 'isolated', include: ISOLATED } },
    ],
  },
});

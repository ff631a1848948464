import { defineConfig } from 'vitest/config';
import { ISOLATED } from './test/support/isolated.js';

const ALL = 'test/**/*.test.ts';

export default defineConfig({
  test: {
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/support/private-home.ts'],
    // The default leaves a core free, which tests that wait for processes of their own leave idle, too.
    maxWorkers: '100%',
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

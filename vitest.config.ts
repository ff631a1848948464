import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/support/private-home.ts'],
    // The default leaves a core free, which tests that wait for processes of their own leave idle, too.
    maxWorkers: '100%',
    // Interop tests start ffmpeg, packagers and a browser beside the workers: seconds each, on two cores.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

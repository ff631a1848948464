// Preloaded into the program under test: writes its peak resident memory in bytes when it exits.
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => {
    writeFileSync(process.env.PRPACK_TEST_RSS_FILE, String(process.resourceUsage().maxRSS * 1024));
  });
}

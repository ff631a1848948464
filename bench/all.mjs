#!/usr/bin/env node
// All tables in one run, with the bars that prpack is to keep. Takes every option of the benchmarks it runs.
//
//   npm run build && npm run bench [-- --folder /dev/shm --runs 11]
//   npm run bench -- --quick    # only shows that all of this works

import { batch } from './batch.mjs';
import { files } from './files.mjs';
import { ladder } from './ladder.mjs';
import { startBenchmarks } from './start.mjs';
import { stream } from './stream.mjs';
import { titles } from './titles.mjs';

await startBenchmarks([files, ladder, batch, titles, stream]);

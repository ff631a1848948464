import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';
import configurations from './rolldown.config.js';

// As `rolldown -c`, which lists every chunk that it writes; here one line says it all. One after the other: the first empties the folder.
for (const configuration of configurations) await build(configuration);
const sizes = readdirSync('dist').map((name) => statSync(join('dist', name)).size);
const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
process.stdout.write(`dist/: ${sizes.length} files, ${megabytes.toFixed(1)} MB\n`);

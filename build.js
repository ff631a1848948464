import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';
import { loadProgram } from './bin/load-program.js';
import configurations from './rolldown.config.js';

// As `rolldown -c`, which lists every chunk that it writes; here one line says it all. One after the other: the first empties the folder.
for (const configuration of configurations) await build(configuration);
const sizes = readdirSync('dist').map((name) => statSync(join('dist', name)).size);
const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
process.stdout.write(`dist/: ${sizes.length} files, ${megabytes.toFixed(1)} MB\n`);

// A first run, after which V8's code of what runs need most lies in dist/ for this Node.js: see bin/load-program.js.
const home = mkdtempSync(join(tmpdir(), 'prpack-build-'));
for (const name of ['HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME']) process.env[name] = home;
try {
  const { main } = loadProgram('main.cjs');
  await main(['encrypt', 'samples/bars.mp4', join(home, 'out.mp4'), '--quiet']);
} finally {
  process.exitCode = 0; // a platform on which the key store cannot be opened has a program all the same
  rmSync(home, { recursive: true });
}

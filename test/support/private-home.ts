import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, vi } from 'vitest';
import { spellOptionsAs } from '../../src/settings/spelling.js';

/** Variables that are for the tests themselves. */
const OF_TESTS = ['PRPACK_SWEEPS', 'PRPACK_MPD_XSD'];

/**
 * Runs before every test file: a home of its own for it and for every program that it starts, and no variable of prpack but those
 * above, so that no test ever sees the key store or the configuration of the person who runs it. Nothing is left of what the file before
 * has set in this process: messages name options as they do for the library.
 */
const home = mkdtempSync(join(tmpdir(), 'prpack-home-'));
Object.assign(process.env, {
  HOME: home,
  USERPROFILE: home,
  LOCALAPPDATA: join(home, 'data'),
  APPDATA: join(home, 'config'),
  XDG_DATA_HOME: join(home, 'data'),
  XDG_CONFIG_HOME: join(home, 'config'),
});
for (const name of Object.keys(process.env)) {
  if (name.startsWith('PRPACK_') && !OF_TESTS.includes(name)) delete process.env[name];
}
spellOptionsAs('code');
afterAll(() => vi.unstubAllEnvs());
afterAll(() => rmSync(home, { recursive: true, force: true }));

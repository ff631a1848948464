#!/usr/bin/env node
// How much does one process for a whole catalogue save over starting a program for each file? Wall and CPU time a file.
//
//   npm run build && node bench/batch.mjs [--files 1000] [--peer-files 100] [--runs 3] [--jobs 2] [--folder /dev/shm]
//
// Every file is a copy of samples/bars.mp4 (116 kB, AVC + AAC). The programs that are started for each file do so for some of the
// files only. Runs take turns, so that whatever else the machine does meets all of them; medians are printed.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expectBuilt, median, PRPACK, ROOT, ramDisk, SHAKA, sumTimes } from './support.mjs';

const KEYS = 'label=:key_id=0123456789abcdef0123456789abcdef:key=3a2a1b68dd2bd9b2eeb25e84c4776668';

const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: '1000' },
    'peer-files': { type: 'string', default: '100' },
    runs: { type: 'string', default: '3' },
    jobs: { type: 'string', default: `${cpus().length}` },
    folder: { type: 'string', default: '' },
  },
});

/** Name to what it costs to encrypt files, all of them or the first ones, into an empty folder. */
function contenders(inputs, out, environment) {
  const media = join(inputs[0], '..');
  const peers = inputs.slice(0, Number(options['peer-files']));
  const batch = [PRPACK, 'batch', media, '--out-dir', out, '--jobs', options.jobs, '--quiet'];
  const each = (command) => () => measure(peers.map(command), environment);
  return [
    { name: 'prpack batch', run: () => measure([[process.execPath, ...batch]], environment, inputs.length) },
    {
      name: 'prpack encrypt, a process a file',
      run: each((input, i) => [process.execPath, PRPACK, 'encrypt', input, join(out, `${i}.mp4`), '--quiet']),
    },
    {
      name: 'shaka-packager, a process a file',
      run: each((input, i) => [
        ...[SHAKA, '--quiet', '--enable_raw_key_encryption', '--keys', KEYS],
        ...['--clear_lead', '0', '--protection_scheme', 'cenc'],
        ...['audio', 'video'].map(
          (stream) => `in=${input},stream=${stream},output=${join(out, `${i}-${stream}.mp4`)}`,
        ),
      ]),
    },
  ];
}

/** Wall and CPU milliseconds a file. */
function measure(commands, environment, files = commands.length) {
  const startMs = performance.now();
  let cpuMs = 0;
  for (const [program, ...args] of commands) {
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', '"$@"; code=$?; times >&2; exit $code', 'bench', program, ...args],
      {
        encoding: 'utf8',
        env: environment,
      },
    );
    if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr.slice(-500)}`);
    cpuMs += 1000 * sumTimes(stderr.trim().split('\n').at(-1));
  }
  return { wallMs: (performance.now() - startMs) / files, cpuMs: cpuMs / files };
}

expectBuilt();
const folder = mkdtempSync(join(options.folder || ramDisk(), 'prpack-bench-'));
try {
  const media = join(folder, 'media');
  const out = join(folder, 'out');
  mkdirSync(media);
  for (let i = 0; i < Number(options.files); i++) {
    copyFileSync(join(ROOT, 'samples/bars.mp4'), join(media, `film ${i}.mp4`));
  }
  const inputs = readdirSync(media).map((name) => join(media, name));
  const home = { HOME: folder, XDG_DATA_HOME: join(folder, 'data'), XDG_CONFIG_HOME: join(folder, 'config') };
  const all = contenders(inputs, out, { PATH: process.env.PATH, ...home });
  const results = new Map(all.map(({ name }) => [name, []]));
  for (let run = 0; run < Number(options.runs); run++) {
    for (const { name, run } of all) {
      if (name.startsWith('shaka') && !existsSync(SHAKA)) continue;
      for (const made of [out, join(folder, 'data')]) rmSync(made, { recursive: true, force: true });
      mkdirSync(out);
      results.get(name).push(run());
    }
  }
  process.stdout.write(
    `${inputs.length} files, ${cpus().length} x ${cpus()[0]?.model}, ${options.jobs} jobs\n\n`,
  );
  const base = median(results.get('prpack batch').map(({ wallMs }) => wallMs));
  process.stdout.write('program                            wall ms/file  x batch  cpu ms/file\n');
  for (const [name, runs] of results) {
    if (runs.length === 0) continue;
    const wallMs = median(runs.map((run) => run.wallMs));
    const cpuMs = median(runs.map((run) => run.cpuMs));
    const cells = [
      wallMs.toFixed(1).padStart(12),
      (wallMs / base).toFixed(1).padStart(7),
      cpuMs.toFixed(1).padStart(11),
    ];
    process.stdout.write(`${name.padEnd(35)}${cells.join('  ')}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

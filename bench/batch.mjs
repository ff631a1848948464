#!/usr/bin/env node
// How much does one process for a whole catalogue save over starting a program for each file? Wall and CPU time a file.
//
//   npm run build && node bench/batch.mjs [--files 1000] [--peer-files 100] [--runs 3] [--jobs 2] [--folder /dev/shm] [--quick]
//
// Every file is a copy of samples/bars.mp4 (116 kB, AVC + AAC). The programs that are started for each file do so for some of the
// files only. Runs take turns, so that whatever else the machine does meets all of them; medians are printed.

import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { measure } from './processes.mjs';
import { commandOf, isInstalled, shakaEncrypt } from './programs.mjs';
import { startIfMain } from './start.mjs';
import { homeIn, inFolder, print, ROOT } from './support.mjs';
import { inTurn, printLoad, printResults, printTitle } from './tables.mjs';

const BATCH_ROW = 'prpack batch';
const MS_PER_FILE = 4;

async function run({ files, 'peer-files': peerFiles, runs, jobs, folder: parent }) {
  printTitle(`A catalogue of ${files} small files`);
  return await inFolder(parent, async (folder) => {
    const results = await inTurn(rowsOf(makeInputs(folder, files), { peerFiles, jobs, folder }), runs);
    print(`${jobs} jobs; ${runs} rounds`);
    printLoad();
    printResults(results, { bases: [BATCH_ROW], unit: 'ms', per: '/file' });
    const measured = results.get(BATCH_ROW).wall.median * 1000;
    return [{ name: 'batch: wall ms a small file', measured, atMost: MS_PER_FILE }];
  });
}

function makeInputs(folder, count) {
  mkdirSync(join(folder, 'media'));
  return Array.from({ length: count }, (_, i) => {
    const path = join(folder, 'media', `film ${i}.mp4`);
    copyFileSync(join(ROOT, 'samples/bars.mp4'), path);
    return path;
  });
}

/** What it costs to encrypt files, all of them or the first ones, into an empty folder. */
function rowsOf(inputs, { peerFiles, jobs, folder }) {
  const out = join(folder, 'out');
  const env = homeIn(folder);
  const row = (name, commands, files = commands.length) => ({
    name,
    measure: () => {
      for (const made of [out, join(folder, 'data')]) rmSync(made, { recursive: true, force: true });
      mkdirSync(out);
      return measureEach(commands, env, files);
    },
  });
  const each = (command) =>
    inputs.slice(0, peerFiles).map((input, i) => command(input, join(out, `${i}.mp4`)));
  const batch = ['batch', join(folder, 'media'), '--out-dir', out, '--jobs', `${jobs}`, '--quiet'];
  const shaka = {
    ...row('shaka-packager, a process a file', each(shakaEncrypt)),
    isPeer: true,
  };
  return [
    row(BATCH_ROW, [commandOf('prpack', ...batch)], inputs.length),
    row(
      'prpack encrypt, a process a file',
      each((input, output) => commandOf('prpack', 'encrypt', input, output, '--quiet')),
    ),
    ...(isInstalled('shaka-packager') ? [shaka] : []),
  ];
}

/** Wall and CPU seconds a file, and the peak of all processes. */
async function measureEach(commands, env, files) {
  const all = [];
  for (const command of commands) all.push(await measure(command, { env }));
  const sum = (name) => all.reduce((total, one) => total + one[name], 0);
  return { wall: sum('wall') / files, cpu: sum('cpu') / files, mb: Math.max(...all.map(({ mb }) => mb)) };
}

export const batch = {
  settings: { files: 1000, 'peer-files': 100, runs: 3, jobs: cpus().length },
  quick: { files: 20, 'peer-files': 2, runs: 1 },
  run,
};

await startIfMain(import.meta.url, batch);

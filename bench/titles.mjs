#!/usr/bin/env node
// What does a short title of two renditions cost in `prpack batch`? Wall and CPU time of one more title: the difference of a long
// run and a short one, so that the start of the program does not count.
//
//   npm run build && node bench/titles.mjs [--titles 200] [--runs 3] [--jobs 2] [--folder /dev/shm] [--quick]
//
// ffmpeg makes the renditions, 2 seconds of 640x360 and 320x180 with sound, and every title gets a copy of both.

import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { ffmpeg } from './media.mjs';
import { measure } from './processes.mjs';
import { commandOf } from './programs.mjs';
import { startIfMain } from './start.mjs';
import { homeIn, inFolder, print } from './support.mjs';
import { printLoad, printTitle, summarize } from './tables.mjs';

const HEIGHTS = [360, 180];
/** Titles of the short run. */
const FEW = 20;
const MS_PER_TITLE = 60;

async function run({ titles, runs, jobs, folder: parent }) {
  printTitle('A catalogue of short titles of two renditions');
  return await inFolder(parent, async (folder) => {
    await makeTitles(folder, Math.max(titles, FEW));
    const results = [];
    for (let i = 0; i < runs; i++) results.push(await measureOneMore(folder, titles, jobs));
    const { wall, cpu } = summarize(results);
    const shown = ({ median, least }) =>
      `${(median * 1000).toFixed(1)} ms (least ${(least * 1000).toFixed(1)})`;
    print(`${titles} titles less ${FEW}, ${jobs} jobs; ${runs} rounds`);
    printLoad();
    print(`one more title: ${shown(wall)} of wall time, ${shown(cpu)} of CPU time`);
    return [{ name: 'batch: wall ms a title', measured: wall.median * 1000, atMost: MS_PER_TITLE }];
  });
}

async function makeTitles(folder, count) {
  for (const height of HEIGHTS) await makeRendition(join(folder, `${height}.mp4`), height);
  for (let i = 0; i < count; i++) {
    mkdirSync(join(folder, `${i}`));
    for (const height of HEIGHTS)
      copyFileSync(join(folder, `${height}.mp4`), join(folder, `${i}/${height}.mp4`));
    writeFileSync(join(folder, `${i}.yaml`), `inputs: ["${i}"]\nlaUrl: https://drm.example.com/rm.asmx\n`);
  }
}

function makeRendition(path, height) {
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=${(height * 16) / 9}x${height}:rate=25:duration=2`];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=2'];
  const coded = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '25', '-sc_threshold', '0', '-c:a', 'aac'];
  return ffmpeg(...picture, ...sound, ...coded, '-shortest', path);
}

/** Wall and CPU seconds of one title more. */
async function measureOneMore(folder, titles, jobs) {
  const few = await measureBatch(folder, FEW, jobs);
  const many = await measureBatch(folder, titles, jobs);
  const more = (name) => (many[name] - few[name]) / (titles - FEW);
  return { wall: more('wall'), cpu: more('cpu') };
}

function measureBatch(folder, count, jobs) {
  for (const made of ['out', 'data']) rmSync(join(folder, made), { recursive: true, force: true });
  const manifest = join(folder, 'titles.jsonl');
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({ title: `${i}.yaml` }));
  writeFileSync(manifest, lines.join('\n'));
  const batch = ['batch', manifest, '--out-dir', join(folder, 'out'), '--jobs', `${jobs}`, '--quiet'];
  return measure(commandOf('prpack', ...batch), { env: homeIn(folder) });
}

export const titles = {
  settings: { titles: 200, runs: 3, jobs: cpus().length },
  quick: { titles: 40, runs: 1 },
  run,
};

await startIfMain(import.meta.url, titles);

#!/usr/bin/env node
// What does a short title of two renditions cost in `prpack batch`? Wall and CPU time of one more title: the difference of a long
// run and a short one, so that the start of the program does not count.
//
//   npm run build && node bench/titles.mjs [--titles 200] [--runs 3] [--jobs 2] [--folder /dev/shm]
//
// ffmpeg makes the renditions, 2 seconds of 640x360 and 320x180 with sound, and every title gets a copy of both.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expectBuilt, median, PRPACK, ramDisk, sumTimes } from './support.mjs';

const HEIGHTS = [360, 180];
/** Titles of the short run. */
const FEW = 20;

const { values: options } = parseArgs({
  options: {
    titles: { type: 'string', default: '200' },
    runs: { type: 'string', default: '3' },
    jobs: { type: 'string', default: `${cpus().length}` },
    folder: { type: 'string', default: '' },
  },
});

/** @returns what the program wrote to stderr */
function run(program, args, env = process.env) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', env });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr.slice(-500)}`);
  return stderr;
}

function makeRendition(path, height) {
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=${(height * 16) / 9}x${height}:rate=25:duration=2`];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=2'];
  const coded = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '25', '-sc_threshold', '0', '-c:a', 'aac'];
  run('ffmpeg', ['-loglevel', 'error', '-nostdin', ...picture, ...sound, ...coded, '-shortest', path]);
}

function makeTitles(folder, count) {
  for (const height of HEIGHTS) makeRendition(join(folder, `${height}.mp4`), height);
  for (let i = 0; i < count; i++) {
    mkdirSync(join(folder, `${i}`));
    for (const height of HEIGHTS)
      copyFileSync(join(folder, `${height}.mp4`), join(folder, `${i}/${height}.mp4`));
    writeFileSync(join(folder, `${i}.yaml`), `inputs: ["${i}"]\nlaUrl: https://drm.example.com/rm.asmx\n`);
  }
}

/** Wall and CPU milliseconds for so many titles. */
function measure(folder, count) {
  for (const made of ['out', 'data']) rmSync(join(folder, made), { recursive: true, force: true });
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({ title: `${i}.yaml` }));
  writeFileSync(join(folder, 'titles.jsonl'), lines.join('\n'));
  const batch = ['batch', join(folder, 'titles.jsonl'), '--out-dir', join(folder, 'out'), '--quiet'];
  const home = { HOME: folder, XDG_DATA_HOME: join(folder, 'data'), XDG_CONFIG_HOME: join(folder, 'config') };
  const timed = ['-c', '"$@"; code=$?; times >&2; exit $code', 'bench', process.execPath, PRPACK];
  const startMs = performance.now();
  const stderr = run('bash', [...timed, ...batch, '--jobs', options.jobs], {
    PATH: process.env.PATH,
    ...home,
  });
  const wallMs = performance.now() - startMs;
  return { wallMs, cpuMs: 1000 * sumTimes(stderr.trim().split('\n').at(-1)) };
}

expectBuilt();
const count = Number(options.titles);
const folder = mkdtempSync(join(options.folder || ramDisk(), 'prpack-bench-'));
try {
  makeTitles(folder, count);
  const runs = Array.from({ length: Number(options.runs) }, () => {
    const few = measure(folder, FEW);
    const many = measure(folder, count);
    const more = (name) => (many[name] - few[name]) / (count - FEW);
    return { wallMs: more('wallMs'), cpuMs: more('cpuMs') };
  });
  const shown = (name) => `${median(runs.map((one) => one[name])).toFixed(1)} ms`;
  process.stdout.write(`${count} titles, ${cpus().length} x ${cpus()[0]?.model}, ${options.jobs} jobs\n`);
  process.stdout.write(`one more title: ${shown('wallMs')} of wall time, ${shown('cpuMs')} of CPU time\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

#!/usr/bin/env node
// CPU time that a fragment of a stream costs, the check included: one frame a fragment, and 2 seconds a fragment.
//
//   npm run build && node bench/stream.mjs [--seconds 160] [--runs 5] [--folder /dev/shm] [--quick]
//
// The start of the program is taken off, measured as `prpack --version`. The least of all runs counts; the last figure is the CPU time
// of a fragment over that of `node -e 0`, which travels between machines.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ffmpeg } from './media.mjs';
import { measure } from './processes.mjs';
import { commandOf, writeKeyFiles } from './programs.mjs';
import { startIfMain } from './start.mjs';
import { homeIn, inFolder, print } from './support.mjs';
import { inTurn, printLoad, printTitle } from './tables.mjs';

const FRAMES_PER_SECOND = 50;
const GROUP_SECONDS = 2;
const MS_PER_FRAGMENT = 0.5;

const STREAMS = [
  { name: 'one frame a fragment', cut: 'frag_every_frame', perSecond: FRAMES_PER_SECOND, hasBar: true },
  { name: '2 s a fragment', cut: 'frag_keyframe', perSecond: 1 / GROUP_SECONDS },
];

async function run({ seconds, runs, folder: parent }) {
  printTitle(`A stream of ${seconds} s`);
  return await inFolder(parent, async (folder) => {
    const inputs = STREAMS.map((_, i) => join(folder, `${i}.mp4`));
    for (const [i, { cut }] of STREAMS.entries()) await makeStream(inputs[i], cut, seconds);
    const results = await inTurn(rowsOf(inputs, folder), runs);
    print(`${runs} rounds`);
    printLoad();
    return STREAMS.flatMap((stream) => report(stream, results, seconds));
  });
}

function makeStream(path, cut, seconds) {
  const source = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=${FRAMES_PER_SECOND}`, '-t', `${seconds}`];
  const group = `${FRAMES_PER_SECOND * GROUP_SECONDS}`;
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', group, '-bf', '0'];
  return ffmpeg(...source, ...codec, '-movflags', `${cut}+empty_moov+default_base_moof`, path);
}

function rowsOf(inputs, folder) {
  const env = homeIn(folder);
  const output = join(folder, 'out.mp4');
  const keys = writeKeyFiles(folder);
  const encrypt = ['encrypt', '-', output, '--key-file', keys.cenc, '--no-register', '--quiet'];
  return [
    { name: 'node', measure: () => measure(commandOf('node', '-e', '0'), { env }) },
    { name: 'start', measure: () => measure(commandOf('prpack', '--version'), { env }) },
    ...STREAMS.map(({ name }, i) => ({
      name,
      measure: () => {
        rmSync(output, { force: true });
        return measure(commandOf('prpack', ...encrypt), { env, stdin: inputs[i] });
      },
    })),
  ];
}

function report({ name, perSecond, hasBar }, results, seconds) {
  const leastMs = (row) => results.get(row).cpu.least * 1000;
  const fragmentMs = (leastMs(name) - leastMs('start')) / (seconds * perSecond);
  const ratio = fragmentMs / leastMs('node');
  print(`${name}: ${fragmentMs.toFixed(3)} ms CPU a fragment (${ratio.toFixed(4)} of node -e 0)`);
  if (!hasBar) return [];
  return [{ name: `stream, ${name}: CPU ms a fragment`, measured: fragmentMs, atMost: MS_PER_FRAGMENT }];
}

export const stream = {
  settings: { seconds: 160, runs: 5 },
  quick: { seconds: 16, runs: 1 },
  run,
};

await startIfMain(import.meta.url, stream);

// CPU time that a fragment of a stream costs, the check included: one frame a fragment, and 2 seconds a fragment.
//
//   node bench/stream.mjs [--runs 5]
//
// The start of the program is taken off, measured as `prpack --version`. The least of all runs counts; the last column is the CPU time
// of a fragment over that of `node -e 0`, which travels between machines.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expectBuilt, PRPACK, ramDisk, sumTimes } from './support.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });
const FRAME_MOVFLAGS = 'frag_every_frame+empty_moov+default_base_moof';
const STREAMS = [
  { name: 'one frame a fragment', movflags: FRAME_MOVFLAGS, fragments: 8000 },
  {
    name: '2 s a fragment',
    movflags: 'frag_keyframe+empty_moov+default_base_moof',
    fragments: 80,
  },
];

/** User and system time of a command line, in seconds. */
function cpuSeconds(command) {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `set -o pipefail; ${command} && times`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command}\n${stderr}`);
  return sumTimes(stdout.trim().split('\n').at(-1));
}

const least = (command) =>
  Math.min(...Array.from({ length: Number(values.runs) }, () => cpuSeconds(command)));

function makeStream(path, movflags) {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=50', '-t', '160'];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '100', '-bf', '0'];
  execFileSync('ffmpeg', ['-v', 'error', ...source, ...codec, '-movflags', movflags, path]);
}

expectBuilt();
const folder = mkdtempSync(join(ramDisk(), 'prpack-stream-'));
try {
  const nodeStart = least('node -e 0');
  const start = least(`node ${PRPACK} --version >/dev/null`);
  for (const { name, movflags, fragments } of STREAMS) {
    const input = join(folder, 'in.mp4');
    makeStream(input, movflags);
    const output = `${join(folder, 'out.mp4')} --keys-out ${join(folder, 'keys.json')}`;
    const total = least(
      `node ${PRPACK} encrypt - ${output} --no-register --force --quiet <${input}; rm -f ${folder}/keys.json`,
    );
    const milliseconds = ((total - start) * 1000) / fragments;
    const ratio = milliseconds / (nodeStart * 1000);
    process.stdout.write(
      `${name}: ${milliseconds.toFixed(3)} ms CPU a fragment (${ratio.toFixed(4)} of node -e 0)\n`,
    );
    rmSync(input);
  }
} finally {
  rmSync(folder, { recursive: true });
}

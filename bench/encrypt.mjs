#!/usr/bin/env node
// What does encryption cost next to copying the file? Wall time, CPU time and peak memory of prpack and of other
// programs on one generated file, as medians and as ratios to `cp`.
//
//   npm run build && node bench/encrypt.mjs [--size-mb 1000] [--runs 5] [--only prpack] [--folder /dev/shm]
//
// The file is a short AVC + AAC clip repeated without encoding it again. It lies on a RAM disk where there is one, so
// that the programs are measured and not the disk. Programs that are not installed are left out and named.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { expectBuilt, median, PRPACK, ROOT, ramDisk, SHAKA, sumTimes } from './support.mjs';

const KID = '0123456789abcdef0123456789abcdef';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const MP4BOX_XML = `<GPACDRM type="CENC AES-CTR"><CrypTrack IsEncrypted="1" IV_size="8" saiSavedBox="senc">
<key KID="0x${KID}" value="0x${KEY}"/></CrypTrack></GPACDRM>`;

const { values: options } = parseArgs({
  options: {
    'size-mb': { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    folder: { type: 'string', default: '' },
  },
});

/** Name to the command that makes `out` from `input`, and how to learn the program's version. */
function contenders(input, out, { keyFile, cbcKeyFile, mp4boxFile }) {
  const encrypt = [process.execPath, PRPACK, 'encrypt', input, out, '--quiet'];
  const prpack = [...encrypt, '--key-file', keyFile, '--no-register'];
  const cbcs = [...encrypt, '--key-file', cbcKeyFile, '--no-register', '--scheme', 'cbcs'];
  const ownStore = ['env', ...['DATA', 'CONFIG'].map((kind) => `XDG_${kind}_HOME=${dirname(out)}/${kind}`)];
  const shakaKeys = `label=:key_id=${KID}:key=${KEY}`;
  const shakaStreams = ['audio', 'video'].map(
    (stream) => `in=${input},stream=${stream},output=${out}.${stream}.mp4`,
  );
  return [
    { name: 'cp', command: ['cp', input, out], version: ['cp', '--version'] },
    {
      name: 'openssl enc -aes-128-ctr',
      command: ['openssl', 'enc', '-aes-128-ctr', '-K', KEY, '-iv', KID, '-in', input, '-out', out],
      version: ['openssl', 'version'],
    },
    {
      name: 'Node.js alone, no MP4',
      command: [process.execPath, join(ROOT, 'bench/copy-encrypted.mjs'), input, out],
      version: [process.execPath, '--version'],
    },
    { name: 'prpack, fragmented', command: prpack, version: prpackVersion() },
    { name: 'prpack, keep', command: [...prpack, '--layout', 'keep'], version: prpackVersion() },
    { name: 'prpack, fragmented, cbcs', command: cbcs, version: prpackVersion() },
    { name: 'prpack, keep, cbcs', command: [...cbcs, '--layout', 'keep'], version: prpackVersion() },
    {
      name: 'prpack, fragmented, registered',
      command: [...ownStore, ...encrypt, '--la-url', 'https://license.example/'],
      version: prpackVersion(),
    },
    {
      name: 'prpack, keep, 1 thread',
      command: [...prpack, '--layout', 'keep', '--threads', '1'],
      version: prpackVersion(),
    },
    {
      name: 'shaka-packager',
      command: [
        ...[SHAKA, '--quiet', ...shakaStreams, '--enable_raw_key_encryption', '--keys', shakaKeys],
        ...['--clear_lead', '0', '--protection_scheme', 'cenc'],
      ],
      version: [SHAKA, '--version'],
    },
    {
      name: 'MP4Box -crypt',
      command: ['MP4Box', '-quiet', '-crypt', mp4boxFile, input, '-out', out],
      version: ['MP4Box', '-version'],
    },
    {
      name: 'ffmpeg -encryption_scheme',
      command: [
        ...['ffmpeg', '-nostdin', '-loglevel', 'error', '-y', '-i', input, '-map', '0', '-c', 'copy'],
        ...[
          '-encryption_scheme',
          'cenc-aes-ctr',
          '-encryption_key',
          KEY,
          '-encryption_kid',
          KID,
          '-f',
          'mp4',
          out,
        ],
      ],
      version: ['ffmpeg', '-version'],
    },
  ];
}

function prpackVersion() {
  return [process.execPath, PRPACK, '--version'];
}

/** Wall seconds, CPU seconds and peak resident megabytes of one run. Linux reports both in /proc while it runs. */
function measure([program, ...args]) {
  return new Promise((resolve, reject) => {
    const script =
      'start=$(date +%s.%N); "$@"; code=$?; end=$(date +%s.%N); echo "$start $end" >&3; times >&3; exit $code';
    const child = spawn('bash', ['-c', script, 'bench', program, ...args], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    let complaints = '';
    let report = '';
    let peakMb = 0;
    child.stderr.on('data', (data) => {
      complaints += data;
    });
    child.stdio[3].on('data', (data) => {
      report += data;
    });
    const sampler = setInterval(() => {
      peakMb = Math.max(peakMb, peakOfChildrenMb(child.pid));
    }, 5);
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(sampler);
      if (code !== 0) return reject(new Error(`${program} ended with ${code}: ${complaints.slice(-500)}`));
      const [times, , childTimes] = report.trim().split('\n');
      const [start, end] = times.split(' ').map(Number);
      resolve({ wall: end - start, cpu: sumTimes(childTimes), mb: peakMb });
    });
  });
}

/** The kernel's own high-water mark of resident memory, so that a sample in time suffices. */
function peakOfChildrenMb(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean);
    const peaks = children.map(
      (child) => /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1],
    );
    return Math.max(0, ...peaks.map((kb) => Number(kb ?? 0) / 1024));
  } catch {
    return 0; // it has just ended
  }
}

function versionOf([program, ...args]) {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) return undefined;
  return `${stdout}${stderr}`.split('\n')[0].slice(0, 60);
}

/** A minute of moving noise at a bit rate of the field, repeated until the size is reached. */
function makeInput(folder, sizeMb) {
  const clip = join(folder, 'clip.mp4');
  const quiet = ['-nostdin', '-loglevel', 'error', '-y'];
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=25:duration=10,noise=alls=40:allf=t'];
  const codecs = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-b:v',
    '10M',
    '-g',
    '50',
    '-pix_fmt',
    'yuv420p',
  ];
  const tone = ['-f', 'lavfi', '-i', 'sine=duration=10:sample_rate=48000'];
  execFileSync('ffmpeg', [...quiet, ...sources, ...tone, ...codecs, '-c:a', 'aac', '-b:a', '128k', clip]);
  const loops = Math.max(0, Math.round((sizeMb * 1e6) / statSync(clip).size) - 1);
  const input = join(folder, 'input.mp4');
  execFileSync('ffmpeg', [
    ...quiet,
    '-stream_loop',
    String(loops),
    '-i',
    clip,
    '-c',
    'copy',
    '-movflags',
    '+faststart',
    input,
  ]);
  return input;
}

/** Ratios are to the first row, which `base` names. */
function printTable(rows, baseName = 'cp') {
  const columns = ['program', 'wall s', `x ${baseName}`, 'cpu s', `x ${baseName}`, 'peak MB', 'version'];
  const [base] = rows;
  const cells = rows.map(({ name, wall, cpu, mb, version }) => [
    name,
    wall.toFixed(2),
    (wall / base.wall).toFixed(1),
    cpu.toFixed(2),
    (cpu / base.cpu).toFixed(1),
    mb.toFixed(0),
    version,
  ]);
  const widths = columns.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i].length)));
  const line = (row) =>
    row.map((cell, i) => (i === 0 || i === 6 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  process.stdout.write(`${[columns, ...cells].map((row) => line(row).trimEnd()).join('\n')}\n`);
}

/** What a script pays that calls prpack once a file, next to starting Node.js for nothing. */
async function printStartUp(folder, keyFile) {
  const out = join(folder, 'small.mp4');
  const prpack = [process.execPath, PRPACK];
  const small = join(ROOT, 'samples/bars.mp4');
  const rows = [
    { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
    { name: 'prpack --version', command: [...prpack, '--version'] },
    {
      name: `prpack, ${(statSync(small).size / 1e3).toFixed(0)} kB`,
      command: [
        ...prpack,
        'encrypt',
        small,
        out,
        '--key-file',
        keyFile,
        '--no-register',
        '--quiet',
        '--force',
      ],
    },
  ].map((row) => ({ ...row, version: '', results: [] }));
  for (let run = 0; run < 4 * Number(options.runs); run++) {
    for (const { command, results } of rows) results.push(await measure(command));
  }
  process.stdout.write('\nstart-up\n');
  printTable(
    rows.map(({ results, ...row }) => {
      const middle = (field) => median(results.map((result) => result[field]));
      return { ...row, wall: middle('wall'), cpu: middle('cpu'), mb: middle('mb') };
    }),
    'node',
  );
}

expectBuilt();
const folder = mkdtempSync(join(options.folder || ramDisk(), 'prpack-bench-'));
try {
  const input = makeInput(folder, Number(options['size-mb']));
  const keyFile = join(folder, 'keys.json');
  const mp4boxFile = join(folder, 'mp4box.xml');
  const cbcKeyFile = join(folder, 'cbc-keys.json');
  writeFileSync(keyFile, JSON.stringify({ keys: [{ kid: KID, key: KEY }] }), { mode: 0o600 });
  const cbcKeys = { keys: [{ kid: KID, key: KEY, algorithm: 'AESCBC' }] };
  writeFileSync(cbcKeyFile, JSON.stringify(cbcKeys), { mode: 0o600 });
  writeFileSync(mp4boxFile, MP4BOX_XML);
  const cpu = cpus()[0]?.model ?? 'unknown processor';
  process.stdout.write(
    `${(statSync(input).size / 1e6).toFixed(0)} MB in ${folder}, ${cpus().length} x ${cpu}\n\n`,
  );
  const out = join(folder, 'output.mp4');
  const present = [];
  for (const contender of contenders(input, out, { keyFile, cbcKeyFile, mp4boxFile })) {
    if (contender.name !== 'cp' && !contender.name.includes(options.only)) continue;
    const version = versionOf(contender.version);
    if (version === undefined) process.stdout.write(`(${contender.name} is not installed)\n`);
    else present.push({ ...contender, version, results: [] });
  }
  // Round by round, so that what else the machine does hits all of them.
  for (let run = 0; run < Number(options.runs); run++) {
    for (const { command, results } of present) {
      for (const name of [out, `${out}.audio.mp4`, `${out}.video.mp4`]) rmSync(name, { force: true });
      results.push(await measure(command));
    }
  }
  const rows = present.map(({ name, version, results }) => {
    const middle = (field) => median(results.map((result) => result[field]));
    return { name, wall: middle('wall'), cpu: middle('cpu'), mb: middle('mb'), version };
  });
  process.stdout.write(
    `load average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}\n\n`,
  );
  printTable(rows);
  if ('prpack, start'.includes(options.only) || options.only === 'prpack')
    await printStartUp(folder, keyFile);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

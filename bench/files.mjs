#!/usr/bin/env node
// What does it cost to encrypt a file? Wall time, CPU time and peak memory of prpack and of other programs on generated files of four
// sizes, as medians, least values, and ratios to programs that do less: `cp`, `openssl enc`, a Node.js that does nothing.
//
//   npm run build && node bench/files.mjs [--only '1 GB'] [--runs 11] [--size-mb 200] [--folder /dev/shm] [--quick]
//
// A file is a short AVC + AAC clip repeated without encoding it again. It lies on a RAM disk where there is one, so that programs are
// measured and not the disk. --runs is for every table, --size-mb makes one table of such a file in place of those. Programs that are
// not installed are left out and named. Numbers of a quick run mean nothing: it shows that all of this works.

import { readdirSync, rmSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { makeFile, makeFragmented } from './media.mjs';
import { measure } from './processes.mjs';
import {
  commandOf,
  copyEncrypted,
  ffmpegEncrypt,
  isInstalled,
  mp4boxEncrypt,
  mp4encryptEncrypt,
  opensslEncrypt,
  shakaEncrypt,
  writeKeyFiles,
} from './programs.mjs';
import { startIfMain } from './start.mjs';
import { hasRoom, homeIn, inFolder, print, refuse } from './support.mjs';
import { inTurn, printLoad, printResults, printTitle } from './tables.mjs';

const KEEP = 'prpack --layout keep';
const UNREGISTERED = 'prpack --no-register';
const KEEP_UNREGISTERED = `${KEEP} --no-register`;

/** Kinds of tables: in small files, the start counts, and one thread does everything. */
const SMALL = 'small';
const LARGE = 'large';

const FILE_BARS = {
  '1 GB': [
    { of: KEEP_UNREGISTERED, over: 'openssl enc', atMost: 0.65 },
    { of: 'prpack', over: 'openssl enc', atMost: 0.95 },
    { of: 'prpack', quantity: 'cpu', atMost: 2.0 },
    { of: `${UNREGISTERED} --scheme cbcs`, over: UNREGISTERED, atMost: 1.0 },
    { of: `${KEEP_UNREGISTERED} --scheme cbcs`, over: KEEP_UNREGISTERED, atMost: 1.0 },
    { of: 'prpack', over: 'prpack --threads 1', atMost: 0.65 },
    { of: KEEP_UNREGISTERED, over: `${KEEP_UNREGISTERED} --threads 1`, atMost: 0.65 },
  ],
  '4 GB': ['prpack', KEEP].map((of) => ({ of, over: 'cp', atMost: 2.5 })),
  '76 MB': [{ of: 'prpack', over: 'node -e 0', atMost: 2.8 }],
  '0.6 MB': [{ of: 'prpack', over: 'node -e 0', atMost: 2.0 }],
};

const TABLES = [
  {
    name: '1 GB',
    kind: LARGE,
    megabytes: 1000,
    quickMegabytes: 20,
    runs: 11,
    bases: ['openssl enc', 'cp'],
  },
  { name: '4 GB', kind: LARGE, megabytes: 4000, quickMegabytes: 40, runs: 3, bases: ['cp'] },
  { name: '76 MB', kind: SMALL, megabytes: 76, quickMegabytes: 12, runs: 11, bases: ['node -e 0'] },
  { name: '0.6 MB', kind: SMALL, megabytes: 0.6, quickMegabytes: 0.6, runs: 11, bases: ['node -e 0'] },
];

const prpackRow = (flags, kind) => ({
  name: ['prpack', ...flags].join(' '),
  kind,
  program: 'prpack',
  command: ({ input, output, keys }) => {
    const keyFile = flags.includes('cbcs') ? keys.cbcs : keys.cenc;
    const source = flags.includes('--no-register') ? ['--key-file', keyFile] : [];
    return commandOf('prpack', 'encrypt', input, output, '--quiet', ...flags, ...source);
  },
});

const peerRow = (name, program, command) => ({ name, program, command, isPeer: true });

/** What runs in the tables of one kind, or of both. Without `--no-register`, prpack has the user's own key store. */
const ROWS = [
  { name: 'node -e 0', kind: SMALL, program: 'node', command: () => commandOf('node', '-e', '0') },
  { name: 'cp', program: 'cp', command: ({ input, output }) => commandOf('cp', input, output) },
  peerRow('openssl enc', 'openssl', ({ input, output }) => opensslEncrypt(input, output)),
  {
    name: 'Node.js alone, no MP4',
    program: 'node',
    command: ({ input, output }) => copyEncrypted(input, output),
  },
  {
    name: 'Node.js alone, 1 thread',
    program: 'node',
    command: ({ input, output }) => copyEncrypted('--threads', '1', input, output),
  },
  {
    name: 'Node.js alone, read back',
    program: 'node',
    command: ({ input, output }) => copyEncrypted('--read-back', input, output),
  },
  {
    name: 'prpack --version',
    kind: SMALL,
    program: 'prpack',
    command: () => commandOf('prpack', '--version'),
  },
  prpackRow([]),
  prpackRow(['--layout', 'keep']),
  prpackRow(['--no-register']),
  prpackRow(['--layout', 'keep', '--no-register']),
  prpackRow(['--no-register', '--scheme', 'cbcs']),
  prpackRow(['--layout', 'keep', '--no-register', '--scheme', 'cbcs']),
  prpackRow(['--threads', '1'], LARGE),
  prpackRow(['--layout', 'keep', '--no-register', '--threads', '1'], LARGE),
  peerRow('shaka-packager', 'shaka-packager', ({ input, output }) => shakaEncrypt(input, output)),
  peerRow('ffmpeg', 'ffmpeg', ({ input, output }) => ffmpegEncrypt(input, output)),
  peerRow('MP4Box', 'MP4Box', ({ input, output, keys }) => mp4boxEncrypt(input, output, keys)),
  // It takes several times as long for a file without fragments.
  peerRow('mp4encrypt, input in fragments', 'mp4encrypt', ({ fragments, output }) =>
    mp4encryptEncrypt(fragments, output),
  ),
];

async function run(settings) {
  const bars = [];
  const tables = tablesOf(settings);
  await inFolder(settings.folder, async (folder) => {
    const keys = writeKeyFiles(folder);
    for (const table of tables) bars.push(...(await runTable(table, folder, keys)));
  });
  return bars;
}

/** Tables that are asked for, each with the size of its file and its number of rounds. */
function tablesOf({ only, runs, quick, 'size-mb': sizeMb }) {
  const ownSize = sizeMb && { ...TABLES[0], name: `${sizeMb} MB`, megabytes: sizeMb };
  const tables = (ownSize ? [ownSize] : TABLES).filter(({ name }) => only === '' || name === only);
  if (tables.length === 0)
    refuse(`--only takes one of ${TABLES.map(({ name }) => name).join(', ')}, not ${only}`);
  return tables.map((table) => ({
    ...table,
    megabytes: quick && !ownSize ? table.quickMegabytes : table.megabytes,
    rounds: runs || table.runs,
  }));
}

async function runTable({ name, kind, megabytes, bases, rounds }, folder, keys) {
  const sizeBytes = megabytes * 1e6;
  const withFragments = isInstalled('mp4encrypt');
  printTitle(`A file of ${name}`);
  if (!hasRoom(folder, sizeBytes * (withFragments ? 3.2 : 2.2) + 50e6, name)) return barsOf(name, new Map());
  const input = await makeFile(folder, sizeBytes);
  const place = { input, output: join(folder, 'output.mp4'), fragments: join(folder, 'fragments.mp4'), keys };
  if (withFragments) await makeFragmented(input, place.fragments);
  const rows = ROWS.filter((row) => (row.kind ?? kind) === kind && isInstalled(row.program));
  const env = homeIn(folder);
  const measured = rows.map((row) => ({
    ...row,
    measure: () => {
      removeOutputs(folder);
      return measure(row.command(place), { env });
    },
  }));
  const results = await inTurn(measured, rounds);
  print(`${(statSync(input).size / 1e6).toFixed(1)} MB, AVC and AAC; ${rounds} rounds`);
  printLoad();
  printResults(results, { bases, unit: kind === SMALL ? 'ms' : 's' });
  if (kind === LARGE) printGains(results);
  removeOutputs(folder);
  rmSync(place.fragments, { force: true });
  return barsOf(name, results);
}

/** shaka-packager adds to the name of the output. */
function removeOutputs(folder) {
  for (const name of readdirSync(folder)) {
    if (name.startsWith('output.mp4')) rmSync(join(folder, name));
  }
}

/** What the threads of `--threads auto` take off the wall time of one. */
function printGains(results) {
  const percent = (name) => {
    const share = results.get(name).wall.median / results.get(`${name} --threads 1`).wall.median;
    return `${((1 - share) * 100).toFixed(0)} %`;
  };
  const gains = ['prpack', KEEP_UNREGISTERED].map((name) => `${percent(name)} (${name})`);
  print(
    `\n--threads auto on ${cpus().length} cores takes off the wall time of one thread: ${gains.join(', ')}`,
  );
}

function barsOf(table, results) {
  return (FILE_BARS[table] ?? []).map(({ of, over, quantity = 'wall', ...bar }) => {
    const value = (name) => results.get(name)?.[quantity].median;
    const what = over ? `wall × ${over}` : 'CPU s';
    return { name: `${table}: ${of}, ${what}`, measured: value(of) / (over ? value(over) : 1), ...bar };
  });
}

export const files = {
  settings: { only: '', runs: 0, 'size-mb': 0 },
  quick: { runs: 1 },
  run,
};

await startIfMain(import.meta.url, files);

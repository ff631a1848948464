#!/usr/bin/env node
// A catalogue with everything going wrong: damaged, missing and encrypted inputs, awkward names, kill -9 in the middle of work, SIGINT, a
// key store that another process has locked, and a disk that is full for a while. What prpack says of it is then held against the
// files, the key store and the results file, as somebody else finds them. Exits with 1 when anything is wrong.
//
//   npm run build && node bench/batch-faults.mjs [--jobs 1000] [--folder /dev/shm] [--spoil output|byte|line|part|key]
//
// Inputs are links to files of samples/ (32 to 116 kB); one in a hundred is bad. Outputs lie on a RAM disk of their own, mounted in a
// namespace of this process, which is full as soon as it is made small; where nobody may mount, a preloaded hook refuses writes.
// --spoil does one damage before the check, which must find it.

import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DatabaseSync } from '@photostructure/sqlite';
import { fingerprintOf, keyRows } from './accounts.mjs';
import { expectBuilt, PRPACK, ROOT, ramDisk } from './support.mjs';

const NAMESPACE = ['--user', '--map-root-user', '--mount'];
const SAMPLES = ['bars.mp4', 'tone.m4a', 'bars-fragmented.mp4', 'bars-hevc.mp4'];
/** Outputs that are decrypted in the end. */
const DECRYPTED = 16;

const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1000' },
    folder: { type: 'string', default: '' },
    spoil: { type: 'string' },
  },
});
const total = Number(options.jobs);

/** Names that programs stumble over, each with a number that makes it another one. */
const NAMES = [
  (n) => `film ${n}`,
  (n) => `"Quoted", it's said, ${n}`,
  (n) => `Größe Zoe\u0308 映画 🎬 ${n}`,
  (n) => `series ${n % 9}/a folder, too/${n}`,
  (n) => `-${n} $HOME %s {name} & ; * ? [x] \\ \``,
  (n) => `two\nlines\t${n}`,
  (n) => `${'long '.repeat(45)}${n}`,
  (n) => `فيلم ${n} .part`,
];

/** Inputs that fail: how they are made of a whole file, and with which code they fail. */
const BAD_INPUTS = [
  { code: 'TRUNCATED_INPUT', make: (path, whole) => writeFileSync(path, whole.subarray(0, -999)) },
  { code: 'NOT_MP4', make: (path) => writeFileSync(path, 'This is a text.\n'.repeat(999)) },
  { code: 'INPUT_NOT_FOUND', make: () => {} },
  { code: 'ALREADY_ENCRYPTED', make: (path, _, encrypted) => linkSync(encrypted, path) },
  { code: 'NOT_MP4', make: (path) => writeFileSync(path, '') },
];

/** What happens to each run when it has done such a part of all jobs, and its exit code unless it is killed. */
const RUNS = [
  { faults: [{ at: 0.1, happen: kill }] },
  { faults: [{ at: 0.1, happen: kill }] },
  {
    faults: [
      { at: 0.03, happen: lockKeyStore },
      { at: 0.08, happen: interrupt },
    ],
    exitCode: 130,
  },
  { faults: [{ at: 0.06, happen: killOnFullDisk }] },
  {
    faults: [
      { at: 0.05, happen: lockKeyStore },
      { at: 0.06, happen: kill },
    ],
  },
  {
    faults: [
      { at: 0.1, happen: lockKeyStore },
      { at: 0.2, happen: fillDisk },
    ],
    exitCode: 3,
  },
  { faults: [], exitCode: 3 },
];

/** Damages, one of which the check is asked to find. */
const SPOILS = {
  output: ([{ output }]) => rmSync(output),
  byte: ([{ output }]) => {
    const bytes = readFileSync(output);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(output, bytes);
  },
  line: () =>
    appendFileSync(place.results, `${readFileSync(place.results, 'utf8').trimEnd().split('\n').at(-1)}\n`),
  part: ([{ output }]) => writeFileSync(join(dirname(output), '.film.0123456789ab.part'), ''),
  key: ([{ contentId }]) => {
    const store = new DatabaseSync(place.keyStore);
    store.prepare("update keys set state = 'revoked' where content_id = ?").run(contentId);
    store.close();
  },
};

const problems = [];
const seen = { peakKb: 0, diskFull: 0, aborted: 0, kills: 0, lines: 0 };
let place;

expectBuilt();
const hasDisk = process.env.PRPACK_BENCH_NAMESPACE !== undefined;
if (!hasDisk && spawnSync('unshare', [...NAMESPACE, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0) {
  const again = [process.execPath, ...process.argv.slice(1)];
  const env = { ...process.env, PRPACK_BENCH_NAMESPACE: '1' };
  process.exitCode = spawnSync('unshare', [...NAMESPACE, ...again], { env, stdio: 'inherit' }).status ?? 1;
} else {
  const folder = mkdtempSync(join(options.folder || ramDisk(), 'prpack-faults-'));
  try {
    await main(folder);
  } finally {
    if (hasDisk) spawnSync('umount', [place.out]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(folder) {
  place = makePlace(folder);
  const jobs = makeJobs(folder);
  const good = jobs.filter(({ code }) => code === undefined);
  say(`${total} jobs, ${total - good.length} of them bad, ${cpus().length} x ${cpus()[0]?.model}`);
  say(
    hasDisk ? 'a disk of its own for the outputs' : 'nobody may mount here: a hook stands for the full disk',
  );
  const startMs = performance.now();
  let last;
  for (const [i, { faults, exitCode }] of RUNS.entries()) {
    last = await runBatch(place.all, i === 0 ? [] : ['--resume'], faults, exitCode);
  }
  const again = await runBatch(place.good, ['--resume'], [], 0);
  expect(again.skipped === good.length, `a last run skips ${again.skipped} of ${good.length} good inputs`);
  const elapsedMs = performance.now() - startMs;
  if (options.spoil !== undefined) SPOILS[options.spoil](good);
  const checkStartMs = performance.now();
  const runs = linesByRun();
  checkLines(runs);
  checkEveryJob(jobs, runs.get(last.run));
  checkEveryJob(good, runs.get(again.run));
  checkFiles(good, runs.get(again.run));
  checkDecryption(good);
  say(`checked in ${seconds(checkStartMs)}`);
  report(good.length, elapsedMs);
}

function makePlace(folder) {
  const out = join(folder, 'out');
  mkdirSync(out);
  const place = {
    folder,
    out,
    results: join(out, 'prpack-results.jsonl'),
    keyStore: join(folder, 'data/prpack/keys.sqlite'),
    full: join(folder, 'full'),
    all: join(folder, 'all.jsonl'),
    good: join(folder, 'good.jsonl'),
  };
  if (hasDisk) command('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes()}`, 'none', out]);
  return place;
}

function diskBytes() {
  return total * 140_000 + 2 ** 26;
}

function makeJobs(folder) {
  const samples = SAMPLES.map((name) => {
    copyFileSync(join(ROOT, 'samples', name), join(folder, name));
    return { path: join(folder, name), bytes: readFileSync(join(folder, name)) };
  });
  const encrypted = join(folder, 'encrypted.mp4');
  prpack(['encrypt', samples[0].path, encrypted, '--key-store', `sqlite:${join(folder, 'other.sqlite')}`]);
  const jobs = Array.from({ length: total }, (_, i) => {
    const contentId = NAMES[i % NAMES.length](i);
    const sample = samples[Math.floor(i / NAMES.length) % samples.length];
    const input = `${contentId}.mp4`;
    const path = join(folder, input);
    const bad = i % 100 === 37 ? BAD_INPUTS[Math.floor(i / 100) % BAD_INPUTS.length] : undefined;
    mkdirSync(dirname(path), { recursive: true });
    if (bad) bad.make(path, sample.bytes, encrypted);
    else linkSync(sample.path, path);
    return { input, contentId, sample, code: bad?.code, output: join(place.out, `${contentId}.enc.mp4`) };
  });
  const manifest = (list) => list.map(({ input }) => `${JSON.stringify({ input })}\n`).join('');
  writeFileSync(place.all, manifest(jobs));
  writeFileSync(place.good, manifest(jobs.filter(({ code }) => code === undefined)));
  return jobs;
}

function environment() {
  const { folder, full } = place;
  const home = { HOME: folder, XDG_DATA_HOME: join(folder, 'data'), XDG_CONFIG_HOME: join(folder, 'config') };
  const hook = `--import=${join(ROOT, 'test/support/full-disk.mjs')}`;
  return { PATH: process.env.PATH, ...home, ...(!hasDisk && { NODE_OPTIONS: hook, FULL_WHILE: full }) };
}

function prpack(args) {
  return command(process.execPath, [PRPACK, ...args, '--quiet'], { env: environment() });
}

function command(program, args, more = {}) {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', ...more });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
}

/** One run of the batch with what happens to it. Its summary, unless it was killed. */
async function runBatch(manifest, args, faults, exitCode) {
  const startMs = performance.now();
  const newLines = tail(place.results);
  const child = spawn(
    process.execPath,
    [PRPACK, 'batch', manifest, '--out-dir', place.out, '--json', ...args],
    {
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let stdout = '';
  child.stdout.on('data', (part) => {
    stdout += part;
  });
  const end = new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const named = faults.map(({ happen }) => happen.name).join(', ') || 'no fault';
  for (const { at, happen } of faults) {
    const came = await untilDone(at * total, newLines, child);
    if (expect(came, `${happen.name} came too late: the run had ended`)) await happen(child);
  }
  await untilDone(Number.POSITIVE_INFINITY, newLines, child);
  const { code, signal } = await end;
  const elapsed = seconds(startMs);
  if (exitCode === undefined) {
    seen.kills++;
    expect(signal === 'SIGKILL', `a run that was to be killed ended with ${code}`);
    say(`${named}: killed after ${elapsed}`);
    return undefined;
  }
  expect(code === exitCode, `${named}: exit code ${code} instead of ${exitCode}`);
  const summary = JSON.parse(stdout);
  checkSummary(summary, named);
  const { done, skipped, failed, notStarted } = summary;
  say(
    `${named}: exit code ${code} after ${elapsed}; ${done} done, ${skipped} skipped, ${failed} failed, ${notStarted} not started`,
  );
  return summary;
}

/** Waits for so many jobs that this run has done. False when it ends before. */
async function untilDone(count, newLines, child) {
  while (newLines() < count) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    seen.peakKb = Math.max(seen.peakKb, peakOf(child.pid));
    await sleep(20);
  }
  return true;
}

/** Counts the jobs that are done from now on, by the whole lines that are added to the results file. */
function tail(path) {
  const before = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const part = Buffer.alloc(2 ** 20);
  let position = before.lastIndexOf('\n') + 1;
  let done = 0;
  return () => {
    if (!existsSync(path)) return done;
    const file = openSync(path);
    const read = part.subarray(0, readSync(file, part, 0, part.length, position));
    closeSync(file);
    const lines = read.subarray(0, read.lastIndexOf('\n') + 1);
    position += lines.length;
    done += lines.toString('utf8').split('"status":"done"').length - 1;
    return done;
  };
}

function peakOf(pid) {
  try {
    return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // it has just ended, or the system has no /proc
  }
}

function kill(child) {
  child.kill('SIGKILL');
}

function interrupt(child) {
  child.kill('SIGINT');
}

/** Nobody else may write to the key store for three seconds. */
async function lockKeyStore() {
  const other = new DatabaseSync(place.keyStore, { timeout: 20_000 });
  other.exec('begin exclusive');
  await sleep(3000);
  other.exec('rollback');
  other.close();
}

async function fillDisk() {
  setFull(true);
  await sleep(2500);
  setFull(false);
}

async function killOnFullDisk(child) {
  setFull(true);
  await sleep(500);
  kill(child);
  setFull(false);
}

function setFull(isFull) {
  if (hasDisk) isFull ? shrinkDisk() : resizeDisk(diskBytes());
  else if (isFull) writeFileSync(place.full, '');
  else rmSync(place.full);
}

/** To what is in use, which goes on growing meanwhile. */
function shrinkDisk() {
  for (let tries = 0; ; tries++) {
    const { bsize, blocks, bfree } = statfsSync(place.out);
    try {
      return resizeDisk((blocks - bfree) * bsize + tries * 65_536);
    } catch (error) {
      if (tries > 50) throw error;
    }
  }
}

function resizeDisk(bytes) {
  command('mount', ['-o', `remount,size=${bytes}`, place.out]);
}

/** Whether a run's own account of itself is that of its lines. */
function checkSummary(summary, named) {
  const lines = readLines().filter(({ run }) => run === summary.run);
  for (const status of ['done', 'skipped', 'failed']) {
    const count = lines.filter((line) => line.status === status).length;
    expect(count === summary[status], `${named}: ${summary[status]} ${status}, but ${count} lines`);
  }
  const { done, skipped, failed, notStarted } = summary;
  const sum = done + skipped + failed + notStarted;
  expect(sum === summary.total, `${named}: the numbers of the summary make ${sum}, not ${summary.total}`);
  expect(
    filesIn(place.out).every((path) => !path.endsWith('.part')),
    `${named}: a .part file is left`,
  );
  seen.diskFull += summary.failures.OUTPUT_FAILED ?? 0;
  seen.aborted += summary.failures.ABORTED ?? 0;
}

function readLines() {
  return readFileSync(place.results, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function linesByRun() {
  const runs = new Map();
  for (const line of readLines()) {
    if (!runs.has(line.run)) runs.set(line.run, []);
    runs.get(line.run).push(line);
  }
  return runs;
}

/** No run says two things of one job. */
function checkLines(runs) {
  expect(runs.size === RUNS.length + 1, `the results file tells of ${runs.size} runs`);
  for (const [run, lines] of runs) {
    seen.lines += lines.length;
    const outputs = new Set(lines.map(({ output }) => output));
    expect(outputs.size === lines.length, `run ${run} has ${lines.length} lines for ${outputs.size} jobs`);
  }
}

/** A run has a line for each of these jobs, which says what became of it: done, or failed as it must. */
function checkEveryJob(jobs, lines) {
  const byOutput = new Map(lines.map((line) => [line.output, line]));
  expect(lines.length === jobs.length, `a whole run has ${lines.length} lines for ${jobs.length} jobs`);
  for (const { output, contentId, code } of jobs) {
    const line = byOutput.get(output);
    const ending = line?.error?.code ?? line?.status;
    const isRight = code === undefined ? ['done', 'skipped'].includes(ending) : ending === code;
    expect(isRight && line.contentId === contentId, `${output} is ${ending}, not ${code ?? 'done'}`);
  }
}

/** The folder holds the outputs and nothing else; file, results line and key store agree on each of them. */
function checkFiles(good, lines) {
  const byOutput = new Map(lines.map((line) => [line.output, line]));
  const keys = readKeyStore();
  const found = new Set(filesIn(place.out));
  expect(found.delete(place.results), 'there is no results file');
  for (const { output, contentId } of good) {
    const kept = keys.get(contentId) ?? [];
    keys.delete(contentId);
    if (!expect(found.delete(output), `${output} is missing`)) continue;
    const bytes = readFileSync(output);
    const line = byOutput.get(output);
    const fingerprint = fingerprintOf(bytes, line.outputFingerprint.slice(0, 32));
    expect(
      line.outputFingerprint === fingerprint && line.bytes === bytes.length,
      `${output} is not what its line says`,
    );
    const kids = `${kidsIn(bytes)}`;
    expect(`${line.kids}` === kids, `${output} has KID ${kids}, and its line ${line.kids}`);
    const records = kept.map(Object.values).join(' ');
    expect(
      records === `${kids},active,${fingerprint}`,
      `the key store has ${records || 'nothing'} of ${output}`,
    );
  }
  for (const path of found) expect(false, `${path} is no output of any job`);
  for (const contentId of keys.keys()) expect(false, `there is a key of ${contentId}, and no output`);
}

/** KID, state and published file of each key, by content id. */
function readKeyStore() {
  const keys = new Map();
  for (const { content_id: contentId, ...row } of keyRows(place.keyStore)) {
    if (!keys.has(contentId)) keys.set(contentId, []);
    keys.get(contentId).push(row);
  }
  return keys;
}

/** KIDs of a file, as UUIDs: default_KID of each tenc in its moov (ISO/IEC 23001-7, 8.2), each once. */
function kidsIn(bytes) {
  const kids = new Set();
  const [moov = Buffer.alloc(0)] = boxesOf(bytes, 'moov');
  for (let at = moov.indexOf('tenc'); at >= 0; at = moov.indexOf('tenc', at + 1)) {
    const hex = moov.toString('hex', at + 12, at + 28);
    kids.add(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
  }
  return [...kids];
}

/** Contents of the boxes of a type that lie at the top of a file. */
function boxesOf(bytes, type) {
  const found = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    const end = at + bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === type) found.push(bytes.subarray(at + 8, end));
  }
  return found;
}

/** Some outputs, spread over all of them, become their samples' media again. */
function checkDecryption(good) {
  for (let i = 0; i < DECRYPTED; i++) {
    const { output, sample } = good[Math.floor(((i + 0.5) * good.length) / DECRYPTED)];
    if (!existsSync(output)) continue;
    const clear = join(place.folder, 'clear.mp4');
    prpack(['decrypt', output, clear, '--force']);
    const isSame = mediaOf(readFileSync(clear)) === mediaOf(sample.bytes);
    expect(isSame, `${output} does not decrypt to what it was made of`);
  }
}

/** How often each byte is in the media of a file: the same in whatever order samples are written. */
function mediaOf(bytes) {
  const counts = new Uint32Array(256);
  for (const media of boxesOf(bytes, 'mdat')) for (const byte of media) counts[byte]++;
  return `${counts}`;
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Notes what is wrong, and goes on. */
function expect(isRight, problem) {
  if (!isRight) problems.push(problem);
  return isRight;
}

function report(goodCount, elapsedMs) {
  const { kills, aborted, diskFull, lines, peakKb } = seen;
  say(
    `${RUNS.length + 1} runs in ${(elapsedMs / 1000).toFixed(0)} s: ${kills} killed, ${aborted} jobs interrupted, ` +
      `${diskFull} met the full disk; ${lines} lines, ${Math.round(peakKb / 1024)} MB of memory at most`,
  );
  expect(diskFull > 0, 'no job met the full disk');
  for (const problem of problems.slice(0, 20)) say(`WRONG: ${problem}`);
  if (problems.length > 20) say(`and ${problems.length - 20} problems more`);
  if (problems.length > 0) process.exitCode = 1;
  else say(`all right: ${goodCount} outputs with their keys and lines, and nothing else`);
}

function seconds(sinceMs) {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

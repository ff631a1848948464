#!/usr/bin/env node
// A batch that workers do while everything goes wrong: kill -9 of workers, a stop of the engine as in a crash, and no way to the key
// store or to the engine for a while, where connections are cut, or stay and nothing comes through any more. What prpack says of it is then held against files, key store and results file. Before that, batches
// without faults, in turn by one process and by workers: what the queue costs. Exits with 1 when anything is wrong.
//
//   npm run build && node bench/workers.mjs [--jobs 2000] [--calm 500] [--rounds 3] [--workers 4] [--folder /dev/shm]
//
// --jobs is the number of jobs with faults, --calm that of each batch without; one in a hundred is no film. Workers do one job at a time. The engine is a PostgreSQL of its own,
// with flushes to the disk (programs in /usr/lib/postgresql or on the PATH); keys go to `prpack serve`, on SQLite. Workers have TCP proxies on their way to both.

import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fingerprintOf, keyRows } from './accounts.mjs';
import { freePort, postgresUrl, startPostgres } from './postgres.mjs';
import { exitOnSignals, expectBuilt, homeIn, inFolder, PRPACK, print, ROOT } from './support.mjs';

const SCOPES = ['register', 'read-keys'];
/** The engine is away for so long, in milliseconds; so is the key store. */
const OUTAGE_MS = 3000;
/** One more job may cost so much with a queue, in milliseconds. */
const OVERHEAD_BAR_MS = 15;

const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: '2000' },
    calm: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '4' },
    folder: { type: 'string', default: '' },
  },
});

/** What happens when such a part of all jobs has ended. */
const FAULTS = [
  { at: 0.1, happen: killWorker },
  { at: 0.2, happen: stopEngine },
  { at: 0.3, happen: cutKeys },
  { at: 0.4, happen: cutEngine },
  { at: 0.45, happen: killWorker },
  { at: 0.5, happen: silenceKeys },
  { at: 0.6, happen: killWorker },
  { at: 0.65, happen: silenceEngine },
  { at: 0.7, happen: stopEngine },
  { at: 0.8, happen: cutBoth },
  { at: 0.9, happen: killWorker },
];

const children = new Set();
const problems = [];
let place;

expectBuilt();
exitOnSignals();
process.on('exit', endAll);
await inFolder(options.folder, (folder) => main(folder).finally(endAll));

async function main(folder) {
  place = await makePlace(folder);
  await startKeyServer();
  const ways = { keys: await startProxy('keys'), engine: await startProxy('engine') };
  const workers = await Promise.all(Array.from({ length: Number(options.workers) }, startWorker));
  const batches = [];
  const run = async (name, jobs, ...more) => {
    const media = makeMedia(name, jobs);
    const done = await runBatch(media, name, ...more);
    batches.push([media, done]);
    return done;
  };
  const calm = { single: [], queued: [] };
  for (let i = 0; i < Number(options.rounds) && options.calm !== '0'; i++) {
    calm.single.push(await run(`single ${i}`, Number(options.calm), { PRPACK_QUEUE: '' }));
    calm.queued.push(await run(`queued ${i}`, Number(options.calm)));
  }
  const wild = Number(options.jobs);
  const faulty =
    wild > 0 && (await run('faulty', wild, {}, (running) => bringFaults(wild, running, { ways, workers })));
  for (const worker of workers) worker.kill('SIGTERM');
  const codes = await Promise.all(workers.map((worker) => worker.ended));
  expect(
    codes.every((code) => code === 0),
    `workers exit with ${codes} at SIGTERM`,
  );
  const unchanged = check(batches);
  if (calm.single.length > 0) printCost(calm);
  if (faulty) {
    print(
      `queue, ${FAULTS.length} faults: ${perJob(faulty)} ms a job, ${(faulty.elapsedMs / 1000).toFixed(0)} s; ${unchanged} jobs were done twice`,
    );
  }
  for (const problem of problems.slice(0, 20)) print(`WRONG: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
  else print(`all right: ${total(batches)} jobs, each with one line, one file and one key, and nothing else`);
}

function endAll() {
  for (const child of children) child.kill('SIGKILL');
  place?.engine.stop();
  place = undefined;
}

function total(batches) {
  return batches.reduce((sum, [media]) => sum + media.total, 0);
}

/** Medians of the rounds. */
function printCost({ single, queued }) {
  const differences = queued.map(({ elapsedMs, total }, i) => (elapsedMs - single[i].elapsedMs) / total);
  const overheadMs = median(differences);
  const each = (results) => results.map(perJob).join(', ');
  print(`one process, ${availableParallelism()} jobs at a time: ${each(single)} ms a job`);
  print(`queue, ${options.workers} workers: ${each(queued)} ms a job; ${overheadMs.toFixed(1)} ms more`);
  expect(overheadMs <= OVERHEAD_BAR_MS, `the queue costs more than ${OVERHEAD_BAR_MS} ms a job`);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function makePlace(folder) {
  chmodSync(folder, 0o755);
  const engine = await startPostgres(folder);
  const ports = { engine: engine.port, keys: await freePort() };
  const env = { ...homeIn(folder), ...locations(ports) };
  const keyStore = join(folder, 'keys.sqlite');
  return { folder, engine, ports, env, keyStore, log: join(folder, 'workers.log') };
}

/** Where queue and keys are, as variables. */
function locations({ engine, keys }) {
  return {
    PRPACK_QUEUE: postgresUrl(engine),
    PRPACK_KEY_STORE: `http://127.0.0.1:${keys}`,
  };
}

/** Files of samples/ under names of their own, one in a hundred a text. */
function makeMedia(name, total) {
  const media = join(place.folder, name);
  mkdirSync(media);
  const sample = join(media, '.sample');
  copyFileSync(join(ROOT, 'samples/bars.mp4'), sample);
  for (let i = 0; i < total; i++) {
    const path = join(media, `${name} ${i}.mp4`);
    if (i % 100 === 37) writeFileSync(path, 'This is a text.\n');
    else linkSync(sample, path);
  }
  return { media, total, bad: Math.floor((total + 62) / 100) };
}

/** Does a batch to its end. */
async function runBatch({ media, total, bad }, name, env = {}, whileItRuns = async () => {}) {
  const out = join(place.folder, `out ${name}`);
  const results = join(out, 'prpack-results.jsonl');
  const child = start(['batch', media, '--out-dir', out, '--json'], { ...place.env, ...env });
  let isOver = false;
  const running = { results, isOver: () => isOver };
  const faults = whileItRuns(running);
  const code = await child.ended;
  isOver = true;
  await faults;
  const summary = JSON.parse(child.said());
  const { done, failed } = summary;
  expect(code === (bad > 0 ? 3 : 0), `${name}: exit code ${code}`);
  expect(
    done === total - bad && failed === bad,
    `${name}: ${done} done, ${failed} failed, of ${total} with ${bad} bad`,
  );
  return { ...summary, out, results };
}

async function bringFaults(total, running, context) {
  for (const { at, happen } of FAULTS) {
    while (!running.isOver() && linesIn(running.results) < at * total) await sleep(200);
    if (running.isOver()) return void expect(false, `the batch was over before ${happen.name} at ${at}`);
    print(`${linesIn(running.results)} of ${total}: ${happen.name}`);
    await happen(context);
  }
}

async function killWorker({ workers }) {
  workers.shift().kill('SIGKILL');
  workers.push(await startWorker());
}

async function stopEngine() {
  place.engine.crash();
  await sleep(OUTAGE_MS);
  place.engine.restart();
}

function cutKeys({ ways }) {
  return loseNetwork('cut', ways.keys);
}

function cutEngine({ ways }) {
  return loseNetwork('cut', ways.engine);
}

function cutBoth({ ways }) {
  return loseNetwork('cut', ways.keys, ways.engine);
}

function silenceKeys({ ways }) {
  return loseNetwork('silent', ways.keys);
}

function silenceEngine({ ways }) {
  return loseNetwork('silent', ways.engine);
}

async function loseNetwork(how, ...ways) {
  for (const way of ways) way.turn(how);
  await sleep(OUTAGE_MS);
  for (const way of ways) way.turn('open');
}

/** A worker, once it takes jobs. */
async function startWorker() {
  const worker = start(['worker', '--jobs', '1'], { ...place.env, ...locations(place.proxies) });
  await Promise.race([worker.wrote('takes jobs of'), worker.ended]);
  return worker;
}

/** A run of prpack. */
function start(args, env) {
  const child = spawn(process.execPath, [PRPACK, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  let messages = '';
  let onMessage = () => {};
  child.stderr.on('data', (data) => {
    messages += data;
    onMessage();
    appendFileSync(place.log, data);
  });
  const wrote = (words) =>
    new Promise((resolve) => {
      onMessage = () => messages.includes(words) && resolve();
      onMessage();
    });
  const ended = new Promise((resolve) => child.on('close', resolve));
  ended.then(() => children.delete(child));
  return { kill: (signal) => child.kill(signal), ended, wrote, said: () => text };
}

async function startKeyServer() {
  const { keyStore, ports, env } = place;
  const own = { ...env, PRPACK_KEY_STORE: `sqlite:${keyStore}` };
  const scopes = SCOPES.flatMap((scope) => ['--scope', scope]);
  const token = execFileSync(
    process.execPath,
    [PRPACK, 'serve', 'token', 'create', '--name', 'bench', ...scopes],
    { env: own },
  );
  env.PRPACK_KEY_STORE_TOKEN = token.toString().trim();
  start(['serve', '--port', `${ports.keys}`, '--rate-limit', '1000000', '--log-level', 'error'], own);
}

/**
 * The way of the workers to a server. `cut`: connections end, and new ones, too. `silent`: nothing comes through any more, neither data nor
 * the end of a connection; those that were there then stay so for good.
 */
async function startProxy(name) {
  const pairs = new Set();
  let state = 'open';
  const proxy = createServer((socket) => {
    if (state === 'cut') return socket.destroy();
    const pair = { sockets: [socket, connect(place.ports[name], '127.0.0.1')], isSilent: state === 'silent' };
    pairs.add(pair);
    for (const [one, two] of [pair.sockets, pair.sockets.toReversed()]) {
      one.on('data', (data) => pair.isSilent || two.write(data));
      one.on('error', () => {});
      one.on('close', () => {
        if (pair.isSilent) return;
        pairs.delete(pair);
        two.destroy();
      });
    }
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  proxy.unref();
  place.proxies = { ...place.proxies, [name]: proxy.address().port };
  return {
    turn(to) {
      state = to;
      for (const pair of pairs) {
        if (to === 'silent') pair.isSilent = true;
        if (to === 'cut') for (const socket of pair.sockets) socket.destroy();
      }
    },
  };
}

function linesIn(path) {
  return existsSync(path) ? readFileSync(path).reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0) : 0;
}

/** Lines, files and keys tell the same. The number of jobs that were done twice. */
function check(batches) {
  let unchanged = 0;
  const keys = readKeyStore();
  const known = new Set();
  for (const [{ total }, { results, out }] of batches) {
    const lines = readFileSync(results, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.length === total, `${lines.length} lines for ${total} jobs`);
    expect(new Set(lines.map(({ output }) => output)).size === total, 'a job has two lines');
    const done = lines.filter(({ status }) => status === 'done');
    unchanged += done.filter((line) => line.unchanged).length;
    for (const line of lines)
      expect(line.status === 'done' || line.error.code === 'NOT_MP4', `${line.input}: ${line.error?.code}`);
    for (const line of done) checkOutput(line, keys);
    for (const { contentId } of done) known.add(contentId);
    const files = new Set(readdirSync(out).map((name) => join(out, name)));
    files.delete(results);
    for (const { output } of done) files.delete(output);
    for (const path of files) expect(false, `${path} is no output of any job`);
  }
  for (const contentId of keys.keys())
    expect(known.has(contentId), `there is a key of ${contentId}, and no output`);
  return unchanged;
}

function checkOutput({ output, bytes, outputFingerprint, kids, contentId }, keys) {
  if (!expect(existsSync(output), `${output} is missing`)) return;
  const isWhole =
    statSync(output).size === bytes &&
    fingerprintOf(readFileSync(output), outputFingerprint.slice(0, 32)) === outputFingerprint;
  expect(isWhole, `${output} is not what its line says`);
  const kept = keys.get(contentId) ?? new Map();
  const [[kid, { state, fingerprints }] = ['none', {}]] = kept;
  expect(
    kept.size === 1 && `${kids}` === kid,
    `${contentId} has ${kept.size} keys, ${kid}; its line ${kids}`,
  );
  expect(
    state === 'active' && fingerprints.has(outputFingerprint),
    `the key store has ${state} of ${output}`,
  );
}

/** State and published files of each key, by content id and KID. */
function readKeyStore() {
  const keys = new Map();
  for (const { content_id: contentId, kid, state, fingerprint } of keyRows(place.keyStore)) {
    const ofContent = keys.get(contentId) ?? new Map();
    const key = ofContent.get(kid) ?? { state, fingerprints: new Set() };
    key.fingerprints.add(fingerprint);
    keys.set(contentId, ofContent.set(kid, key));
  }
  return keys;
}

function perJob({ elapsedMs, total }) {
  return (elapsedMs / total).toFixed(1);
}

/** Notes what is wrong, and goes on. */
function expect(isRight, problem) {
  if (!isRight) problems.push(problem);
  return isRight;
}

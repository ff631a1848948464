#!/usr/bin/env node
// The key server under load, next to a program that does the least (bench/serve-peer.mjs). Two loads: clients that each register a key, read
// it back, and begin again; and clients that together send a fixed number of requests a second. Prints rates, latencies, CPU time and
// memory, and counts whether every key that was acknowledged is there. Loopback only.
//
//   npm run build && node bench/serve.mjs [--clients 200] [--paced 100] [--rate 500] [--warm-up 2] [--seconds 5] [--runs 3] [--workers 1] [--store sqlite] [--steps 7] [--folder /tmp] [--quick]
//
// `--steps` adds the peer with the first so many of what a key server does besides (bench/serve-steps.mjs), one after another: what they cost at
// the least. `--store postgres` adds a server: two processes of prpack on a PostgreSQL of its own, which flushes every commit.
//
// Servers take turns. The clients (bench/serve-clients.mjs) are a process of their own, and their CPU time is in the table: on few
// cores they take some of it from the server, from both servers alike. `CPU ms` is that of the server for one request.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPostgres } from './postgres.mjs';
import { STEPS } from './serve-steps.mjs';
import { startIfMain } from './start.mjs';
import { homeIn, inFolder, PRPACK, print, ROOT } from './support.mjs';
import { median, printLoad, printTable, printTitle } from './tables.mjs';

const OURS = 'prpack serve';
const PEER = 'fastify + SQLite';
const ON_POSTGRES = 'prpack serve, PostgreSQL';
const POSTGRES_PROCESSES = 2;
/** Ticks of /proc/<pid>/stat in a second. */
const TICKS = 100;

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

async function run({
  clients,
  paced,
  rate,
  'warm-up': warmUpSeconds,
  seconds,
  runs,
  workers,
  store,
  steps,
  folder: parent,
}) {
  printTitle('The key server under load');
  return await inFolder(parent || tmpdir(), async (folder) => {
    const servers = [
      { name: OURS, start: (at) => startPrpack(at, workers) },
      { name: PEER, start: startPeer },
      ...STEPS.slice(0, steps).map((step, i) => ({ name: `+ ${step}`, start: (at) => startPeer(at, i + 1) })),
      ...(store === 'postgres' ? [{ name: ON_POSTGRES, start: startOnPostgres }] : []),
    ];
    print(`${cpus().length} cores; ${runs} rounds of ${seconds} s; medians of the rounds`);
    printLoad();
    const closed = await rounds(folder, servers, runs, { clients, seconds, warmUpSeconds });
    print(`${clients} clients that never rest, half of them registering, half reading`);
    printServers(closed);
    print();
    const pacedResults = await rounds(folder, servers, runs, {
      clients: paced,
      seconds,
      warmUpSeconds,
      perSecond: rate,
    });
    print(`${paced} clients that together send ${rate} requests a second`);
    printServers(pacedResults);
    return barsOf(closed, pacedResults);
  });
}

function barsOf(closed, paced) {
  const [ours, peer, onPostgres] = [OURS, PEER, ON_POSTGRES].map((name) => closed.get(name));
  const atLeastSqlite = onPostgres && [
    {
      name: 'serve: rate on PostgreSQL, of that on SQLite',
      measured: onPostgres.rate / ours.rate,
      atLeast: 1,
    },
  ];
  return [
    ...(atLeastSqlite ?? []),
    { name: "serve: rate, of the peer's", measured: ours.rate / peer.rate, atLeast: 0.6 },
    { name: 'serve: p99, of its own p50', measured: ours.p99 / ours.p50, atMost: 3 },
    { name: "serve: p99, of the peer's p50", measured: ours.p99 / peer.p50, atMost: 3 },
    { name: 'serve: paced p99, ms', measured: paced.get(OURS).p99, atMost: 50 },
  ];
}

/** Name of each server to the medians of its figures. */
async function rounds(folder, servers, runs, load) {
  const results = new Map(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < runs; round++) {
    for (const { name, start } of servers) results.get(name).push(await measure(folder, start, load));
  }
  return new Map([...results].map(([name, all]) => [name, medians(all)]));
}

function medians(results) {
  return Object.fromEntries(
    Object.keys(results[0]).map((name) => [name, median(results.map((result) => result[name]))]),
  );
}

async function measure(parent, start, load) {
  const server = await start(mkdtempSync(join(parent, 'run-')));
  try {
    let before;
    const onWarm = () => {
      before = usageOf(server.pids);
    };
    const result = await runClients({ ...load, port: server.port, token: server.token }, onWarm);
    const after = usageOf(server.pids);
    if (result.failures.length > 0) throw new Error(`requests failed: ${result.failures.join('; ')}`);
    await server.assertKept?.(result.registered);
    return figuresOf(result, after, after.cpuSeconds - before.cpuSeconds);
  } finally {
    await server.stop();
  }
}

function figuresOf({ seconds, cpuSeconds, writesMs, readsMs }, { peakMb }, serverCpuSeconds) {
  const count = writesMs.length + readsMs.length;
  const all = sorted([...writesMs, ...readsMs]);
  return {
    rate: count / seconds,
    p50: at(all, 0.5),
    p95: at(all, 0.95),
    p99: at(all, 0.99),
    writeP99: at(sorted(writesMs), 0.99),
    readP99: at(sorted(readsMs), 0.99),
    cpuMs: (serverCpuSeconds / count) * 1000,
    clientCpuMs: (cpuSeconds / count) * 1000,
    peakMb,
  };
}

const sorted = (numbers) => numbers.sort((a, b) => a - b);
const at = (times, share) => times[Math.floor(times.length * share)];

function printServers(results) {
  const columns = [
    ['requests/s', 'rate', 0],
    ['p50 ms', 'p50', 1],
    ['p95', 'p95', 1],
    ['p99', 'p99', 1],
    ['p99 register', 'writeP99', 1],
    ['p99 read', 'readP99', 1],
    ['CPU ms', 'cpuMs', 3],
    ['clients', 'clientCpuMs', 3],
    ['peak MB', 'peakMb', 0],
  ];
  printTable(
    ['server', ...columns.map(([title]) => title)],
    [...results].map(([name, figures]) => [
      name,
      ...columns.map(([, figure, digits]) => figures[figure].toFixed(digits)),
    ]),
  );
}

async function startPrpack(folder, workers, variables = {}) {
  const env = { ...homeIn(folder), ...variables };
  const scopes = ['--scope', 'register', '--scope', 'read-keys'];
  const args = [PRPACK, 'serve', 'token', 'create', '--name', 'load', ...scopes];
  const token = (await promisify(execFile)(process.execPath, args, { env })).stdout.trim();
  const flags = ['--port', '0', '--log-level', 'info', '--rate-limit', '1000000', '--workers', `${workers}`];
  const server = await startServer([PRPACK, 'serve', ...flags], env, 'stderr', /Listening on .*:(\d+)/);
  return { ...server, token, assertKept: (kids) => assertKept(server.port, token, kids) };
}

async function startOnPostgres(folder) {
  const postgres = await startPostgres();
  const variables = { PRPACK_KEY_STORE: postgres.url };
  const server = await startPrpack(folder, POSTGRES_PROCESSES, variables).catch((error) => {
    postgres.stop();
    throw error;
  });
  const stop = async () => {
    await server.stop();
    postgres.stop();
  };
  return { ...server, pids: [...server.pids, postgres.pid], stop };
}

async function startPeer(folder, steps = 0) {
  const args = [join(ROOT, 'bench/serve-peer.mjs'), join(folder, 'keys.sqlite'), `${steps}`];
  return { ...(await startServer(args, process.env, 'stdout', /^(\d+)$/m)), token: 'none' };
}

function startServer(args, env, stream, port) {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const ended = new Promise((resolve) => child.once('exit', resolve)).then(() => running.delete(child));
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return new Promise((resolve, reject) => {
    let said = '';
    const listen = (part) => {
      said += part;
      const found = port.exec(said)?.[1];
      if (!found) return;
      child[stream].off('data', listen);
      resolve({ pids: [child.pid], port: Number(found), stop });
    };
    child[stream].on('data', listen);
    for (const other of [child.stdout, child.stderr]) other.resume(); // the log goes the way that it goes to a supervisor
    ended.then(() => reject(new Error(`the server ended: ${said}`)));
  });
}

async function runClients(load, onWarm) {
  const child = spawn(process.execPath, [join(ROOT, 'bench/serve-clients.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.stdin.end(JSON.stringify(load));
  let text = '';
  for await (const part of child.stdout.setEncoding('utf8')) {
    if (text === '') onWarm(); // the first line
    text += part;
  }
  return JSON.parse(text.split('\n')[1]);
}

/** Throws when a key was acknowledged that the list of the server does not have. */
async function assertKept(port, token, registered) {
  const missing = new Set(registered);
  let cursor = '';
  do {
    const response = await fetch(`http://127.0.0.1:${port}/v1/keys?limit=1000${cursor}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { items, next } = await response.json();
    for (const { kid } of items) missing.delete(kid);
    cursor = next ? `&cursor=${next}` : '';
  } while (cursor);
  if (missing.size > 0) throw new Error(`${missing.size} keys were acknowledged and are lost`);
}

/** CPU seconds so far of programs and those that they have started, and the sum of their peaks of resident memory. */
function usageOf(pids) {
  const usages = pids.flatMap((pid) => [pid, ...childrenOf(pid)]).map(usageOfOne);
  const sum = (quantity) => usages.reduce((total, usage) => total + usage[quantity], 0);
  return { cpuSeconds: sum('cpuSeconds'), peakMb: sum('peakMb') };
}

function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

/** Not a number where the system has no /proc. */
function usageOfOne(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
    return { cpuSeconds: (Number(stat[11]) + Number(stat[12])) / TICKS, peakMb: Number(peak) / 1024 };
  } catch {
    return { cpuSeconds: Number.NaN, peakMb: Number.NaN };
  }
}

await startIfMain(import.meta.url, {
  settings: {
    clients: 200,
    paced: 100,
    rate: 500,
    'warm-up': 2,
    seconds: 5,
    runs: 3,
    workers: 1,
    store: 'sqlite',
    steps: 0,
  },
  quick: { clients: 20, paced: 10, 'warm-up': 0.5, seconds: 1, runs: 1 },
  run,
});

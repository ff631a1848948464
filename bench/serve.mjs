#!/usr/bin/env node
// Load on `prpack serve`: clients that each register a key, read it back, and begin again. Prints rates, latencies and the server's
// memory, and counts afterwards whether every acknowledged key is there. Loopback only; needs `npm run build` first.
//
//   node bench/serve.mjs [--clients 200] [--seconds 60]

import { execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { Pool } from 'undici';
import { exitOnSignals, homeIn, inFolder, PRPACK } from './support.mjs';

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '200' }, seconds: { type: 'string', default: '60' } },
});
const clients = Number(values.clients);
const seconds = Number(values.seconds);

let env;
let server;
process.on('exit', () => server?.kill('SIGTERM'));
exitOnSignals();
await inFolder(tmpdir(), async (folder) => {
  env = homeIn(folder);
  const token = await makeToken();
  const url = await startServer();
  const pool = new Pool(url, { connections: clients, pipelining: 1 });
  const load = await run(pool, token);
  const lost = await countLost(pool, token, load.registered);
  report(load, lost);
  await pool.close();
  if (lost > 0 || load.failures.size > 0) process.exitCode = 1;
  server.kill('SIGTERM');
});

async function makeToken() {
  const scopes = ['--scope', 'register', '--scope', 'read-keys'];
  const args = [PRPACK, 'serve', 'token', 'create', '--name', 'load', ...scopes];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return stdout.trim();
}

function startServer() {
  const args = [PRPACK, 'serve', '--port', '0', '--log-level', 'silent', '--rate-limit', '1000000'];
  server = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve, reject) => {
    let said = '';
    server.on('exit', () => reject(new Error(said)));
    server.stderr.on('data', (part) => {
      said += part;
      const url = /Listening on (\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    });
  });
}

async function run(pool, token) {
  const load = { registered: [], writesMs: [], readsMs: [], failures: new Map(), peakBytes: 0, seconds: 0 };
  const begun = performance.now();
  const endMs = begun + seconds * 1000;
  const watch = setInterval(() => {
    load.peakBytes = Math.max(load.peakBytes, residentBytes());
  }, 500);
  await Promise.all(Array.from({ length: clients }, () => client(pool, token, endMs, load)));
  clearInterval(watch);
  load.seconds = (performance.now() - begun) / 1000;
  return load;
}

async function client(pool, token, endMs, load) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  while (performance.now() < endMs) {
    const kid = randomUUID();
    const key = randomBytes(16).toString('hex');
    const body = JSON.stringify({ key, contentId: `film ${kid.slice(0, 4)}`, label: 'HD' });
    const written = await timed(load.writesMs, pool, {
      path: `/v1/keys/${kid}`,
      method: 'PUT',
      headers,
      body,
    });
    if (written.status !== 201) count(load.failures, `register: ${written.status}`);
    else load.registered.push(kid);
    const read = await timed(load.readsMs, pool, { path: `/v1/keys/${kid}/key`, method: 'GET', headers });
    if (read.status !== 200 || read.json.key !== key) count(load.failures, `read: ${read.status}`);
  }
}

async function timed(times, pool, request) {
  const begun = performance.now();
  try {
    const { statusCode, body } = await pool.request(request);
    const json = await body.json();
    times.push(performance.now() - begun);
    return { status: statusCode, json };
  } catch (error) {
    return { status: error.code ?? error.message, json: {} };
  }
}

/** Registered keys that the list of the server does not have. */
async function countLost(pool, token, registered) {
  const missing = new Set(registered);
  let cursor = '';
  do {
    const path = `/v1/keys?limit=1000${cursor}`;
    const { body } = await pool.request({
      path,
      method: 'GET',
      headers: { authorization: `Bearer ${token}` },
    });
    const { items, next } = await body.json();
    for (const { kid } of items) missing.delete(kid);
    cursor = next ? `&cursor=${next}` : '';
  } while (cursor);
  return missing.size;
}

/** Resident memory of the server, in bytes; 0 where the system does not tell. */
function residentBytes() {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0;
    return kilobytes * 1024;
  } catch {
    return 0;
  }
}

function report({ registered, writesMs, readsMs, failures, peakBytes, seconds: took }, lost) {
  const rate = (times) => `${Math.round(times.length / took)}/s`;
  process.stdout.write(
    [
      `${clients} clients, ${took.toFixed(1)} s`,
      `register  ${rate(writesMs)}  ${percentiles(writesMs)}`,
      `read      ${rate(readsMs)}  ${percentiles(readsMs)}`,
      `registered ${registered.length} keys, lost ${lost}, failed ${[...failures].join(', ') || 0}`,
      `peak memory of the server ${Math.round(peakBytes / 1e6)} MB`,
      '',
    ].join('\n'),
  );
}

function percentiles(times) {
  const sorted = times.sort((a, b) => a - b);
  const at = (share) => `${(sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0)} ms`;
  return `p50 ${at(0.5)}  p95 ${at(0.95)}  p99 ${at(0.99)}  max ${at(0.99999)}`;
}

function count(counts, name) {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

// The clients of bench/serve.mjs, in a process of their own. They write HTTP to sockets by hand and read no more of an answer than they
// need, so that they take a small part of the processor; how much it was is in the result.
//
// Input on stdin, as JSON: { port, token, clients, warmUpSeconds, seconds, perSecond }. Each client registers a key, reads it back, and
// begins again: at once, or so that all together send `perSecond` requests. On stdout, a line `warm` when the warm-up is over, of which
// nothing is counted but failures, and then a line of JSON: see `report`.

import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const { port, token, clients, warmUpSeconds, seconds, perSecond } = JSON.parse(await text(process.stdin));
let writesMs = [];
let readsMs = [];
const registered = [];
const failures = new Map();

let begun;
let endMs;

async function client(index) {
  const connection = await Connection.open(port);
  const intervalMs = perSecond ? (clients * 1000) / perSecond : 0;
  let dueMs = begun + (intervalMs * index) / clients;
  const begin = async () => {
    if (intervalMs === 0) return performance.now();
    const at = dueMs;
    dueMs += intervalMs;
    const waitMs = at - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    return Math.min(at, performance.now()); // a request that could not begin in time has waited, too; timers may be early
  };
  while (performance.now() < endMs) {
    const kid = randomUUID();
    const key = randomBytes(16).toString('hex');
    const body = `{"key":"${key}","contentId":"film ${kid}","label":"HD"}`;
    const writeMs = await begin();
    const written = await connection.ask(`PUT /v1/keys/${kid}`, body);
    writesMs.push(performance.now() - writeMs);
    if (written.startsWith('HTTP/1.1 201')) registered.push(kid);
    else count(`register: ${written.slice(0, 12)}`);
    const readMs = await begin();
    const read = await connection.ask(`GET /v1/keys/${kid}/key`);
    readsMs.push(performance.now() - readMs);
    if (!read.startsWith('HTTP/1.1 200') || !read.includes(`"${key}"`)) count(`read: ${read.slice(0, 12)}`);
  }
  connection.end();
}

function count(what) {
  failures.set(what, (failures.get(what) ?? 0) + 1);
}

function report() {
  const { user, system } = process.cpuUsage(cpuBefore);
  const result = {
    seconds: (performance.now() - begun) / 1000,
    cpuSeconds: (user + system) / 1e6,
    writesMs,
    readsMs,
    registered,
    failures: [...failures],
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** A connection with one request at a time. */
class Connection {
  #socket;
  #answer = '';
  #resolve;

  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('connect', () => resolve(new Connection(socket)));
      socket.once('error', reject);
    });
  }

  constructor(socket) {
    this.#socket = socket;
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (part) => this.#hear(part));
    this.#socket.on('close', () => this.#resolve?.('closed'));
  }

  /** The whole answer. */
  ask(line, body) {
    const content = body ? `content-type: application/json\r\ncontent-length: ${body.length}\r\n` : '';
    this.#socket.write(
      `${line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n${content}\r\n${body ?? ''}`,
    );
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  end() {
    this.#resolve = undefined;
    this.#socket.end();
  }

  #hear(part) {
    this.#answer += part;
    const headEnd = this.#answer.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#answer)?.[1] ?? 0;
    if (this.#answer.length < headEnd + 4 + Number(length)) return;
    const answer = this.#answer;
    this.#answer = '';
    this.#resolve(answer);
  }
}

begun = performance.now();
endMs = begun + (warmUpSeconds + seconds) * 1000;
let cpuBefore = process.cpuUsage();
setTimeout(() => {
  begun = performance.now();
  cpuBefore = process.cpuUsage();
  writesMs = [];
  readsMs = [];
  process.stdout.write('warm\n');
}, warmUpSeconds * 1000);
await Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
report();

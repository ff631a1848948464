// The peer of bench/serve.mjs: the least that keeps keys behind HTTP in SQLite. It has fastify, one table, and one transaction for all
// registrations that came together, flushed before they are answered; no tokens, no wrapping, no audit, no checks.
//
//   node bench/serve-peer.mjs <database file> [number of steps]     prints the port it listens on
//
// With a number it also does so many of the STEPS that make a key server of it, each in as few lines as there can be: what they cost at the least.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto';
import { DatabaseSync } from '@photostructure/sqlite';
import fastify from 'fastify';
import { z } from 'zod';
import { STEPS } from './serve-steps.mjs';

const [, , path, count = '0'] = process.argv;
const does = Object.fromEntries(STEPS.map((step, i) => [step, i < Number(count)]));

const database = new DatabaseSync(path);
database.exec('pragma journal_mode = wal; pragma synchronous = full');
database.exec(
  'create table keys (kid text primary key, key blob, content_id text, label text) without rowid',
);
if (does['indexes and rules']) {
  database.exec(`create index by_content on keys (content_id, kid);
    create unique index holders on keys (content_id, ifnull(label, ''));
    create trigger never_replaced before insert on keys when exists (select 1 from keys where kid = new.kid)
      begin select raise(abort, 'no'); end`);
}
if (does.audit) {
  database.exec(`create table audit (id integer primary key autoincrement, at text, actor text, operation text, kid text,
      content_id text, checksum text);
    create index audit_by_kid on audit (kid, id); create index audit_by_content on audit (content_id, id)`);
}
const insert = database.prepare('insert into keys values (?, ?, ?, ?)');
const select = database.prepare('select kid, key, content_id as contentId, label from keys where kid = ?');
const holder = database.prepare('select 1 from keys where content_id = ?');
const note = does.audit && database.prepare('insert into audit values (null, ?, ?, ?, ?, ?, ?)');

const kek = randomBytes(32);
const tokenHash = (request) =>
  createHash('sha256')
    .update(request.headers.authorization ?? '')
    .digest();
let knownHash;

let log = '';
let waiting = [];
let lines = [];

function flushLog() {
  process.stderr.write(log);
  log = '';
}

/** Resolves when the row is on the disk. */
function commit(row) {
  return new Promise((resolve) => {
    if (waiting.length === 0) setImmediate(commitAll);
    waiting.push({ row, resolve });
  });
}

function commitAll() {
  const group = waiting;
  const read = lines;
  waiting = [];
  lines = [];
  database.exec('begin immediate');
  for (const line of read) note.run(...line);
  for (const { row } of group) write(row);
  database.exec('commit');
  for (const { resolve } of group) resolve();
}

function write([kid, key, contentId, label]) {
  if (does['indexes and rules']) {
    select.get(kid);
    holder.get(contentId);
  }
  insert.run(kid, does['wrapped keys'] ? wrap(kid, key) : key, contentId, label);
  if (does.audit) note.run(...lineOf('register', kid, contentId));
}

function lineOf(operation, kid, contentId) {
  return [new Date().toISOString(), 'token load', operation, kid, contentId, 'AAAAAAAAAAA='];
}

function checksum(kid, key) {
  const cipher = createCipheriv('aes-128-ecb', key, null);
  return cipher.update(Buffer.from(kid.replaceAll('-', ''), 'hex')).toString('base64');
}

function wrap(kid, hex) {
  const key = Buffer.from(hex, 'hex');
  checksum(kid, key);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', kek, nonce).setAAD(Buffer.from(kid));
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

function unwrap(kid, wrapped) {
  const decipher = createDecipheriv('aes-256-gcm', kek, wrapped.subarray(0, 12));
  decipher.setAAD(Buffer.from(kid)).setAuthTag(wrapped.subarray(28));
  const key = Buffer.concat([decipher.update(wrapped.subarray(12, 28)), decipher.final()]);
  checksum(kid, key);
  return key.toString('hex');
}

const app = fastify();
if (does.tokens) {
  app.addHook('onRequest', (request, _reply, done) => {
    const hash = tokenHash(request);
    knownHash ??= hash;
    done(timingSafeEqual(hash, knownHash) ? undefined : new Error('unknown'));
  });
}
if (does.log) {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions, ip } = request;
    const line = { id: randomUUID(), method, route: routeOptions.url, status: reply.statusCode, ip };
    if (log === '') setImmediate(flushLog);
    log += `${JSON.stringify({ ...line, ms: reply.elapsedTime })}\n`;
    done();
  });
}
if (does['security headers']) {
  const headers = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`x-header-${i}`, 'same-origin']));
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.headers(headers);
    done();
  });
}
const Body = z.strictObject({
  key: z.string().regex(/^[0-9a-f]{32}$/i),
  contentId: z.string().min(1).max(1024),
  label: z.string().min(1).max(1024).optional(),
});
if (does.validation) {
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.body) Body.parse(request.body);
    done();
  });
}
app.put('/v1/keys/:kid', async ({ params: { kid }, body: { key, contentId, label } }, reply) => {
  await commit([kid, key, contentId, label]);
  return reply.code(201).send({ kid, contentId, label });
});
app.get('/v1/keys/:kid/key', ({ params: { kid } }) => {
  const row = select.get(kid);
  if (does.audit) lines.push(lineOf('open', kid, row.contentId));
  return does['wrapped keys'] ? { ...row, key: unwrap(kid, row.key) } : row;
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${app.server.address().port}\n`);
process.once('SIGTERM', () => process.exit());

// The peer of bench/serve.mjs: the least that keeps keys behind HTTP in SQLite. It has fastify, one table, and one transaction for all
// registrations that came together, flushed before they are answered; no tokens, no wrapping, no audit, no checks.
//
//   node bench/serve-peer.mjs <database file>     prints the port it listens on

import { DatabaseSync } from '@photostructure/sqlite';
import fastify from 'fastify';

const database = new DatabaseSync(process.argv[2]);
database.exec('pragma journal_mode = wal; pragma synchronous = full');
database.exec(
  'create table keys (kid text primary key, key text, content_id text, label text) without rowid',
);
const insert = database.prepare('insert into keys values (?, ?, ?, ?)');
const select = database.prepare('select kid, key, content_id as contentId, label from keys where kid = ?');

let waiting = [];

/** Resolves when the row is on the disk. */
function commit(row) {
  return new Promise((resolve) => {
    if (waiting.length === 0) setImmediate(commitAll);
    waiting.push({ row, resolve });
  });
}

function commitAll() {
  const group = waiting;
  waiting = [];
  database.exec('begin immediate');
  for (const { row } of group) insert.run(...row);
  database.exec('commit');
  for (const { resolve } of group) resolve();
}

const app = fastify();
app.put('/v1/keys/:kid', async ({ params: { kid }, body: { key, contentId, label } }, reply) => {
  await commit([kid, key, contentId, label]);
  return reply.code(201).send({ kid, contentId, label });
});
app.get('/v1/keys/:kid/key', ({ params }) => select.get(params.kid));
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${app.server.address().port}\n`);
process.once('SIGTERM', () => process.exit());

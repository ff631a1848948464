import { parentPort } from 'node:worker_threads';
import { packKeys, unpackKeys } from '../../keys/sent-keys.js';
import { packError } from '../../threads/sent-error.js';
import { kekSource } from '../kek.js';
import { cachedKekSource } from '../kek-cache.js';
import { readAuditOf } from '../read-audit.js';
import { DatabaseFile } from '../sqlite/database-file.js';
import { KEY_STORE_SCHEMA } from '../sqlite/migrations.js';
import { SqliteTables } from '../sqlite/sqlite-tables.js';
import { TableKeyStore } from '../table-key-store.js';
import type { FromStore, SentAnswer, SentCall, ThreadedStoreOptions, ToStore } from './messages.js';

/** The code of a thread that has the one connection to a key store, and works for every caller of the process. */

/** How long a call waits for other processes. Callers do not wait long, and ask again. */
const LOCK_WAIT_MS = 2000;

const port = parentPort!;
const answers: SentAnswer[] = [];
let store: TableKeyStore;

port.on('message', (message: ToStore) => {
  if (message.kind === 'open') open(message.options);
  else if (message.kind === 'close') void answer(message.call, () => store.close());
  else performAll(unpackKeys(message.calls) as readonly SentCall[]);
});

function performAll(calls: readonly SentCall[]): void {
  const now = Date.now();
  for (const call of calls) if (now < call.expiresMs) void answer(call.call, () => perform(call));
}

function open({ path, environment, auditReads, ...keks }: ThreadedStoreOptions): void {
  const tables = new SqliteTables(new DatabaseFile(path, KEY_STORE_SCHEMA, LOCK_WAIT_MS));
  const readAudit = readAuditOf(auditReads, tables, ({ problem, ...counts }) =>
    tell({ kind: 'backlog', ...counts, ...(problem && { problem: packError(problem) }) }),
  );
  store = new TableKeyStore({ tables, kek: cachedKekSource(kekSource(environment, keks)), readAudit });
}

async function perform({ method, args }: SentCall): Promise<unknown> {
  const work = store[method] as (...args: unknown[]) => Promise<unknown>;
  return work.apply(store, args as unknown[]);
}

async function answer(call: number, work: () => Promise<unknown>): Promise<void> {
  try {
    post({ call, value: await work() });
  } catch (error) {
    post({ call, error: packError(error) });
  }
}

/** Answers that are there when a step of the thread has ended, such as a commit, go together. */
function post(answer: SentAnswer): void {
  if (answers.length === 0)
    process.nextTick(() => tell({ kind: 'answers', answers: packKeys(answers.splice(0)) }));
  answers.push(answer);
}

function tell(message: FromStore): void {
  port.postMessage(message);
}

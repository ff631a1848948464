import { parentPort } from 'node:worker_threads';
import { packKeys, unpackKeys } from '../../keys/sent-keys.js';
import { packError } from '../../threads/sent-error.js';
import { kekSource } from '../kek.js';
import { BatchedReadAudit, PromptReadAudit, type ReadAudit } from '../read-audit.js';
import { DatabaseFile } from '../sqlite/database-file.js';
import { KEY_STORE_SCHEMA } from '../sqlite/migrations.js';
import { SqliteTables } from '../sqlite/sqlite-tables.js';
import { type Backing, TableKeyStore } from '../table-key-store.js';
import type { FromStore, ReadAuditMode, ThreadedStoreOptions, ToStore } from './messages.js';

/** The code of a thread that has the one connection to a key store, and works for every caller of the process. */

/** How long a call waits for other processes. Callers do not wait long, and ask again. */
const LOCK_WAIT_MS = 2000;

const port = parentPort!;
let backing: Backing;

const READ_AUDITS: Readonly<Record<ReadAuditMode, (tables: SqliteTables) => ReadAudit>> = {
  always: (tables) => new PromptReadAudit(tables),
  batched: (tables) =>
    new BatchedReadAudit(tables, ({ problem, ...counts }) =>
      tell({ kind: 'backlog', ...counts, ...(problem && { problem: packError(problem) }) }),
    ),
};

port.on('message', (message: ToStore) => {
  if (message.kind === 'open') open(message.options);
  else if (message.kind === 'close') void answer(message.call, close);
  else if (Date.now() < message.expiresMs) void answer(message.call, () => perform(message));
});

function open({ path, environment, auditReads, ...keks }: ThreadedStoreOptions): void {
  const tables = new SqliteTables(new DatabaseFile(path, KEY_STORE_SCHEMA, LOCK_WAIT_MS));
  backing = { tables, kek: kekSource(environment, keks), readAudit: READ_AUDITS[auditReads](tables) };
}

async function close(): Promise<void> {
  await backing.readAudit.flush();
  await backing.tables.close();
}

async function perform({ actor, method, args }: Extract<ToStore, { kind: 'call' }>): Promise<unknown> {
  const store = new TableKeyStore(backing, actor);
  const work = store[method] as (...args: unknown[]) => Promise<unknown>;
  return work.apply(store, unpackKeys(args) as unknown[]);
}

async function answer(call: number, work: () => Promise<unknown>): Promise<void> {
  try {
    tell({ kind: 'answer', call, value: packKeys(await work()) });
  } catch (error) {
    tell({ kind: 'refusal', call, error: packError(error) });
  }
}

function tell(message: FromStore): void {
  port.postMessage(message);
}

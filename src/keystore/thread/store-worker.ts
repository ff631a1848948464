import { parentPort } from 'node:worker_threads';
import { packKeys, unpackKeys } from '../../keys/sent-keys.js';
import { packError } from '../../threads/sent-error.js';
import { kekSource } from '../kek.js';
import type { KeyStore } from '../key-store.js';
import { DatabaseFile } from '../sqlite/database-file.js';
import { KEY_STORE_SCHEMA } from '../sqlite/migrations.js';
import { BatchedReadAudit, PromptReadAudit, type ReadAudit } from '../sqlite/read-audit.js';
import { SqliteKeyStore } from '../sqlite/sqlite-key-store.js';
import type { FromStore, ReadAuditMode, ThreadedStoreOptions, ToStore } from './messages.js';

/** The code of a thread that has the one connection to a key store, and works for every caller of the process. */

/** How long a call waits for other processes. Callers do not wait long, and ask again. */
const LOCK_WAIT_MS = 2000;

const port = parentPort!;
const stores = new Map<string, KeyStore>();
let storeOf: (actor: string) => KeyStore;
let close: () => Promise<void>;

const READ_AUDITS: Readonly<Record<ReadAuditMode, (file: DatabaseFile) => ReadAudit>> = {
  always: (file) => new PromptReadAudit(file),
  batched: (file) =>
    new BatchedReadAudit(file, ({ problem, ...counts }) =>
      tell({ kind: 'backlog', ...counts, ...(problem && { problem: packError(problem) }) }),
    ),
};

port.on('message', (message: ToStore) => {
  if (message.kind === 'open') open(message.options);
  else if (message.kind === 'close') void answer(message.call, close);
  else if (Date.now() < message.expiresMs) void answer(message.call, () => perform(message));
});

function open({ path, kekFile, environment, auditReads }: ThreadedStoreOptions): void {
  const file = new DatabaseFile(path, KEY_STORE_SCHEMA, LOCK_WAIT_MS);
  const readAudit = READ_AUDITS[auditReads](file);
  const kek = kekSource(environment, kekFile);
  storeOf = (actor) => new SqliteKeyStore({ path, kek, actor, shared: { file, readAudit } });
  close = async () => {
    await readAudit.flush();
    await file.close();
  };
}

async function perform({ actor, method, args }: Extract<ToStore, { kind: 'call' }>): Promise<unknown> {
  const store = stores.get(actor) ?? storeOf(actor);
  stores.set(actor, store);
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

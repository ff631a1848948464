import { isDeepStrictEqual } from 'node:util';
import type { AuditRow } from '../rows.js';
import { noStoreAt, otherEntry, otherKey, sameStore, unlikeCopy } from './failure.js';
import { openStoreRows } from './open-rows.js';
import type { CopiedKey, StoreRows } from './store-rows.js';

/** Keys, or entries of the audit, of one transaction. */
const BATCH = 500;

export interface CopyKeyStoreOptions {
  /** Location of the store that is copied, such as `sqlite:<path>`. */
  readonly from: string;
  /** Location of the store that becomes like it. It may be empty, or hold an earlier copy. */
  readonly to: string;
  /** Default: this process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What a copy came to. */
export interface KeyStoreCopy {
  /** Where the stores are, without credentials. */
  readonly from: string;
  readonly to: string;
  /** Keys in both stores. */
  readonly keys: number;
  /** Of them, those that were written now. */
  readonly keysCopied: number;
  /** Entries of the audit of the first store, all of which are in the second. */
  readonly auditEntries: number;
  readonly auditEntriesCopied: number;
  /** Id of the KEK that new keys are wrapped under, in both stores; absent before the first key. */
  readonly kekId?: string;
}

/**
 * Makes a key store like another: keys in every state with their labels, periods, policies of all versions, published files and times,
 * and the audit. Keys stay wrapped as they are, so that no key-encryption key is needed, and the same one opens both stores. Afterwards
 * the stores are compared. May be stopped at any point and called again, also for what has been added meanwhile.
 * @throws PrpackError INVALID_ARGUMENT when a location is not one of a key store, or both are the same
 * @throws PrpackError UNSUPPORTED_FEATURE when a store cannot give or take all of that
 * @throws PrpackError KEY_CONFLICT when the second store holds what the first does not; then nothing is written
 * @throws PrpackError KEY_STORE_FAILED when there is no first store, a store fails, or the stores are not equal at the end
 */
export async function copyKeyStore({ from, to, environment }: CopyKeyStoreOptions): Promise<KeyStoreCopy> {
  const source = openStoreRows(from, environment ?? process.env);
  try {
    const target = openStoreRows(to, environment ?? process.env);
    try {
      return await copyRows(source, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function copyRows(source: StoreRows, target: StoreRows): Promise<KeyStoreCopy> {
  if (source.location === target.location) throw sameStore(source.location);
  if (!(await source.isThere())) throw noStoreAt(source.location);
  await assertEarlierCopy(source, target);
  const keks = await source.keks();
  await target.write({ keks });
  const keys = await copyKeys(source, target);
  const audit = await copyAudit(source, target);
  await assertEqual(source, target);
  return {
    from: source.location,
    to: target.location,
    keys: keys.all,
    keysCopied: keys.copied,
    auditEntries: audit.all,
    auditEntriesCopied: audit.copied,
    ...(keks.inForce !== null && { kekId: keks.inForce }),
  };
}

/** The target holds nothing of its own, which a copy would mix with what is not its own. */
async function assertEarlierCopy(source: StoreRows, target: StoreRows): Promise<void> {
  for await (const keys of keysOf(target)) {
    const known = await byKid(source, keys);
    const own = keys.find((key) => !isEarlier(key, known.get(key.kid)));
    if (own) throw otherKey(own.kid, source.location, target.location);
  }
  if ((await target.lastAuditId()) > (await source.lastAuditId())) {
    throw otherEntry(source.location, target.location);
  }
}

const STATES: readonly string[] = ['pending', 'active', 'revoked'];

/** Whether a key is the same one, and not further in its life. */
function isEarlier(copy: CopiedKey, key: CopiedKey | undefined): boolean {
  const isSame = key !== undefined && isDeepStrictEqual(lasting(copy), lasting(key));
  return isSame && STATES.indexOf(copy.state) <= STATES.indexOf(key.state);
}

/** What never changes of a key. */
function lasting({
  wrapped_key,
  kek_id,
  state,
  updated_at,
  holds_content,
  outputs,
  policies,
  ...rest
}: CopiedKey) {
  return rest;
}

interface Count {
  readonly all: number;
  readonly copied: number;
}

async function copyKeys(source: StoreRows, target: StoreRows): Promise<Count> {
  let all = 0;
  let copied = 0;
  for await (const keys of keysOf(source)) {
    const there = await byKid(target, keys);
    const missing = keys.filter((key) => !isDeepStrictEqual(there.get(key.kid), key));
    if (missing.length > 0) await target.write({ keys: missing });
    all += keys.length;
    copied += missing.length;
  }
  return { all, copied };
}

async function copyAudit(source: StoreRows, target: StoreRows): Promise<Count> {
  let all = 0;
  let copied = 0;
  for await (const entries of auditOf(source)) {
    const there = await sameEntries(target, entries);
    const missing = entries.filter(({ id }) => !there.has(id));
    if (missing.length > 0) await target.write({ audit: missing });
    all += entries.length;
    copied += missing.length;
  }
  return { all, copied };
}

/** Reads both stores once more. The audit of the target may begin earlier: the source may have been pruned. */
async function assertEqual(source: StoreRows, target: StoreRows): Promise<void> {
  const assertSame = (one: unknown, other: unknown, what: string) => {
    if (!isDeepStrictEqual(one, other)) throw unlikeCopy(what, source.location, target.location);
  };
  for await (const keys of keysOf(source)) {
    const there = await byKid(target, keys);
    for (const key of keys) assertSame(there.get(key.kid), key, `KID ${key.kid}`);
  }
  for await (const entries of auditOf(source)) {
    const there = await sameEntries(target, entries);
    for (const entry of entries) assertSame(there.get(entry.id), entry, `entry ${entry.id} of the audit`);
  }
  assertSame(await target.countKeys(), await source.countKeys(), 'the number of keys');
  assertSame(await target.keks(), await source.keks(), 'the key-encryption key');
}

async function* keysOf(rows: StoreRows): AsyncGenerator<readonly CopiedKey[]> {
  let cursor: string | undefined;
  do {
    const { keys, next } = await rows.keys(cursor, BATCH);
    if (keys.length > 0) yield keys;
    cursor = next;
  } while (cursor !== undefined);
}

async function* auditOf(rows: StoreRows) {
  let last = 0;
  for (;;) {
    const entries = await rows.auditAfter(last, BATCH);
    if (entries.length === 0) return;
    yield entries;
    last = entries.at(-1)!.id;
  }
}

async function byKid(rows: StoreRows, keys: readonly CopiedKey[]): Promise<ReadonlyMap<string, CopiedKey>> {
  const found = await rows.keysOf(keys.map(({ kid }) => kid));
  return new Map(found.map((key) => [key.kid as string, key]));
}

/** What the target has of these entries, which follow each other. */
async function sameEntries(target: StoreRows, entries: readonly AuditRow[]) {
  const there = await target.auditAfter(entries[0]!.id - 1, entries.length);
  return new Map(there.map((entry) => [entry.id, entry]));
}

import type { HttpResponse } from '../../keys/http/client.js';
import type { KeyId } from '../../keys/key-id.js';
import { damagedRecord } from '../damaged-record.js';
import { readAnswer, ServerClient, type ServerClientOptions } from '../http/server-client.js';
import type {
  AuditEntry,
  ContentFilter,
  KeyFilter,
  KeyRecord,
  KeyRegistration,
  KeyStore,
  Page,
  PageRequest,
  PublishedOutput,
  RegisteredKey,
  StoredKey,
} from '../key-store.js';
import { assertFingerprint, assertNamed, registrationConflict } from '../registration-rules.js';
import { notAnSkmServer, notOfSkm, notRegistered, skmRefusal } from './failure.js';
import type { SkmKek } from './kek.js';
import type { SkmKekSource } from './kek-source.js';
import { KeyRaces } from './key-races.js';
import { LocalIndex, type NotedKey } from './local-index.js';
import type { SkmObject } from './wire.js';

export interface SkmKeyStoreOptions extends ServerClientOptions {
  readonly kek: SkmKekSource;
  /** The file of what the server does not know. */
  readonly indexPath: string;
  /** Until a key that another process was to register counts as abandoned, in milliseconds. */
  readonly abandonedMs?: number;
}

/**
 * A key store behind a server of the SKM API (Simple Key Management); `/keys` is below its address. Keys are wrapped here and opened
 * here: the server gets neither a key nor the KEK. It knows keys by their KID alone, and has no states: what is to be known besides is
 * in an index on this machine.
 */
export class SkmKeyStore implements KeyStore {
  readonly location: string;
  readonly #client: ServerClient;
  readonly #kek: SkmKekSource;
  readonly #index: LocalIndex;
  readonly #races: KeyRaces;

  constructor({ kek, indexPath, abandonedMs, ...options }: SkmKeyStoreOptions) {
    this.#client = new ServerClient(options);
    this.#kek = kek;
    this.#index = new LocalIndex(indexPath, this.#client.url);
    this.#races = new KeyRaces({
      index: this.#index,
      isThere: async (kid, contentId) => (await this.#fetch(kid))?.contentId === contentId,
      ...(abandonedMs !== undefined && { abandonedMs }),
    });
    this.location = `skm+${this.#client.url}`;
  }

  /**
   * All or none as far as the server allows: everything is compared before the first key is sent. What fails between two keys leaves
   * those before it registered, where they do no harm; a repetition finds them unchanged. What is to be found again is noted before it is
   * sent: a crash leaves at worst a note of a key that is not there, which nobody gets to see.
   */
  async register(registrations: readonly KeyRegistration[]): Promise<RegisteredKey[]> {
    for (const registration of registrations) assertNamed(registration);
    if (registrations.length === 0) return [];
    const kek = await this.#kek();
    if (registrations.length > 1) await this.#compareAll(registrations, kek);
    const racing: KeyRegistration[] = [];
    for (const registration of registrations) {
      if (await this.#races.enter(registration)) racing.push(registration);
    }
    await this.#index.noteKeys(registrations);
    const registered: RegisteredKey[] = [];
    for (const registration of registrations) registered.push(await this.#registerOne(registration, kek));
    for (const registration of racing) await this.#races.confirm(registration);
    return registered;
  }

  /** Looks whether the keys are there, and notes the output on this machine. */
  async markActive(kids: readonly KeyId[], output: PublishedOutput): Promise<void> {
    assertFingerprint(output);
    for (const kid of new Set(kids)) {
      if (!(await this.#fetch(kid))) throw notRegistered(kid);
    }
    await this.#index.noteOutput(kids, output);
  }

  async get(kid: KeyId): Promise<StoredKey | undefined> {
    const object = await this.#fetch(kid);
    return object && this.#open(object, await this.#kek());
  }

  /** Those that were registered from this machine; those that hold the content for their label, algorithm and period first. */
  async findByContentId(contentId: string, filter: ContentFilter = {}): Promise<StoredKey[]> {
    const found: StoredKey[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#index.keys(contentId, cursor === undefined ? {} : { cursor });
      const noted = await this.#getNoted(page.items);
      found.push(...noted.filter(({ record }) => matches(record, filter)));
      cursor = page.next;
    } while (cursor !== undefined);
    const holders = await this.#index.holdersOf(contentId);
    const isHolder = ({ record }: StoredKey) => holders.has(record.kid);
    return [...found.filter(isHolder), ...found.filter((stored) => !isHolder(stored))];
  }

  /** Those that were registered from this machine, or the one of a KID. */
  async list(filter: KeyFilter = {}, page: PageRequest = {}): Promise<Page<KeyRecord>> {
    const { kid, contentId } = filter;
    const isWanted = ({ record }: StoredKey) => matches(record, filter);
    if (kid !== undefined) {
      const stored = await this.get(kid);
      return { items: stored && isWanted(stored) ? [stored.record] : [] };
    }
    const { items, next } = await this.#index.keys(contentId, page);
    const records = (await this.#getNoted(items)).filter(isWanted).map(({ record }) => record);
    return { items: records, ...(next !== undefined && { next }) };
  }

  async revoke(): Promise<void> {
    throw notOfSkm(
      'has no states, so that no key can be revoked there',
      'End the licenses of the key at the license server. Deleting it would take it from its owner, too.',
    );
  }

  async replacePolicy(): Promise<KeyRecord> {
    throw notOfSkm(
      'does not change what was said of a key at its registration',
      'Change the policy at the license server.',
    );
  }

  async rewrap(): Promise<number> {
    throw notOfSkm(
      'does not change keys all at once under a new KEK',
      'Agree on a new KEK with the license server for new keys, and keep the old one for the keys that are there.',
    );
  }

  async audit(): Promise<Page<AuditEntry>> {
    throw hasNoAudit();
  }

  async pruneAudit(): Promise<number> {
    throw hasNoAudit();
  }

  async probe(): Promise<void> {
    await this.list({}, { limit: 1 });
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#index.close()]);
  }

  /** Keys that the server has, and has for that content: a note may be of one that never got there, or was there for another. */
  async #getNoted(noted: readonly NotedKey[]): Promise<StoredKey[]> {
    const found: StoredKey[] = [];
    for (const { kid, contentId } of noted) {
      const stored = await this.get(kid);
      if (stored?.record.contentId === contentId) found.push(stored);
    }
    return found;
  }

  async #open(object: SkmObject, kek: SkmKek): Promise<StoredKey> {
    const { openObject } = await import('./record.js');
    return openObject(object, kek, await this.#index.outputsOf(object.kid));
  }

  async #compareAll(registrations: readonly KeyRegistration[], kek: SkmKek): Promise<void> {
    const first = new Map<KeyId, KeyRegistration>();
    for (const registration of registrations) {
      const { kid } = registration;
      const sibling = first.get(kid);
      if (sibling) {
        assertNoConflict(registration, sibling);
        continue;
      }
      first.set(kid, registration);
      const object = await this.#fetch(kid);
      if (object) assertSame(registration, await this.#open(object, kek));
    }
  }

  async #registerOne(registration: KeyRegistration, kek: SkmKek): Promise<RegisteredKey> {
    const { registrationBody } = await import('./wire.js');
    const response = await this.#client.request({
      method: 'POST',
      path: '/keys',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(registrationBody(registration, kek, new Date().toISOString())),
    });
    if (response.status !== 200 && response.status !== 201) throw skmRefusal(response);
    const object = await read(response, registration.kid);
    if (!object) throw notAnSkmServer(response);
    const stored = await this.#open(object, kek);
    const outcome = response.status === 201 ? 'created' : 'unchanged';
    if (outcome === 'created') assertKept(registration, stored);
    else assertSame(registration, stored);
    return { outcome, record: stored.record };
  }

  async #fetch(kid: KeyId): Promise<SkmObject | undefined> {
    const { kidDigits } = await import('./wire.js');
    const response = await this.#client.request({ method: 'GET', path: `/keys/${kidDigits(kid)}` });
    if (isAbsence(response)) return undefined;
    if (response.status !== 200) throw skmRefusal(response);
    return read(response, kid);
  }
}

function hasNoAudit(): Error {
  return notOfSkm('has no audit', 'Look into the access log of the server.');
}

async function read(response: HttpResponse, kid: KeyId): Promise<SkmObject | undefined> {
  const { readObject } = await import('./wire.js');
  return readAnswer(response, (body) => readObject(body, kid), notAnSkmServer);
}

function matches(record: KeyRecord, filter: KeyFilter): boolean {
  return (Object.keys(filter) as (keyof KeyFilter)[]).every(
    (field) => filter[field] === undefined || filter[field] === record[field],
  );
}

/** The API says 404; SKeyMa says the same with status 400. */
function isAbsence(response: HttpResponse): boolean {
  return (
    response.status === 404 ||
    (response.status === 400 && Buffer.from(response.body).toString('utf8').trim() === 'Not Found')
  );
}

function assertSame(registration: KeyRegistration, { record, key }: StoredKey): void {
  assertNoConflict(registration, { ...record, key: key! });
}

function assertNoConflict(
  registration: KeyRegistration,
  held: Pick<KeyRegistration, 'kid' | 'algorithm' | 'key'>,
): void {
  const conflict = registrationConflict(registration, { ...held, state: 'pending', checksum: '' });
  if (conflict) throw conflict;
}

/** What the server says it has made must be what it was sent. */
function assertKept(registration: KeyRegistration, { record, key }: StoredKey): void {
  if (key!.equals(registration.key) && record.algorithm === registration.algorithm) return;
  throw damagedRecord(registration.kid, 'the server did not keep what it was sent');
}

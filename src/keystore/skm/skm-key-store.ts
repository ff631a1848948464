import { PrpackError } from '../../errors.js';
import { HttpClient, type HttpRequest, type HttpResponse } from '../../keys/http/client.js';
import type { SecretHeader } from '../../keys/http/secret-header.js';
import type { TlsFiles } from '../../keys/http/tls.js';
import type { KeyId } from '../../keys/key-id.js';
import { damagedRecord } from '../damaged-record.js';
import { storeFailure } from '../http/failure.js';
import type {
  AuditEntry,
  KeyRecord,
  KeyRegistration,
  KeyStore,
  Page,
  RegisteredKey,
  StoredKey,
} from '../key-store.js';
import { registrationConflict } from '../registration-rules.js';
import { notAnSkmServer, notOfSkm, notRegistered, skmRefusal } from './failure.js';
import type { SkmKek } from './kek.js';
import type { SkmKekSource } from './kek-source.js';
import type { SkmObject } from './wire.js';

export interface SkmKeyStoreOptions {
  /** Address of the SKM server; `/keys` is below it. */
  readonly url: URL;
  readonly kek: SkmKekSource;
  /** The header that lets this client in; asked for once, at the first request. */
  readonly authorization: () => Promise<SecretHeader | undefined>;
  readonly tls?: TlsFiles;
  /** Pause before the second attempt of a request, in milliseconds. */
  readonly retryDelayMs?: number;
}

/**
 * A key store behind a server of the SKM API (Simple Key Management). Keys are wrapped here and opened here: the server gets neither
 * a key nor the KEK. It knows keys by their KID alone, and has no states, so that it takes less than other stores do.
 */
export class SkmKeyStore implements KeyStore {
  readonly location: string;
  readonly #url: string;
  readonly #options: SkmKeyStoreOptions;
  #client: Promise<HttpClient> | undefined;

  constructor(options: SkmKeyStoreOptions) {
    this.#options = options;
    this.#url = options.url.href.replace(/\/$/, '');
    this.location = `skm+${this.#url}`;
  }

  /**
   * All or none as far as the server allows: everything is compared before the first key is sent. What fails between two keys leaves
   * those before it registered, where they do no harm; a repetition finds them unchanged.
   */
  async register(registrations: readonly KeyRegistration[]): Promise<RegisteredKey[]> {
    if (registrations.length === 0) return [];
    const kek = await this.#options.kek();
    if (registrations.length > 1) await this.#compareAll(registrations, kek);
    const registered: RegisteredKey[] = [];
    for (const registration of registrations) registered.push(await this.#registerOne(registration, kek));
    return registered;
  }

  /** Only looks whether the keys are there: the server has no states. */
  async markActive(kids: readonly KeyId[]): Promise<void> {
    for (const kid of new Set(kids)) {
      if (!(await this.#fetch(kid))) throw notRegistered(kid);
    }
  }

  async get(kid: KeyId): Promise<StoredKey | undefined> {
    const object = await this.#fetch(kid);
    return object && openWith(object, await this.#options.kek());
  }

  /** None: the server finds keys by their KID alone. */
  async findByContentId(): Promise<StoredKey[]> {
    return [];
  }

  async list(): Promise<Page<KeyRecord>> {
    throw notOfSkm(
      'does not list keys by page',
      'Show one key with `prpack keys show <kid>`, or ask the operator of the server.',
    );
  }

  async revoke(): Promise<void> {
    throw notOfSkm(
      'has no states, so that no key can be revoked there',
      'End the licenses of the key at the license server. Deleting it would take it from its owner, too.',
    );
  }

  async rewrap(): Promise<number> {
    throw notOfSkm(
      'does not change keys all at once under a new KEK',
      'Agree on a new KEK with the license server for new keys, and keep the old one for the keys that are there.',
    );
  }

  async audit(): Promise<Page<AuditEntry>> {
    throw notOfSkm('has no audit', 'Look into the access log of the server.');
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.close();
  }

  async #compareAll(registrations: readonly KeyRegistration[], kek: SkmKek): Promise<void> {
    const first = new Map<KeyId, KeyRegistration>();
    for (const registration of registrations) {
      const { kid } = registration;
      const sibling = first.get(kid);
      if (sibling) {
        refuseConflict(registration, sibling);
        continue;
      }
      first.set(kid, registration);
      const object = await this.#fetch(kid);
      if (object) expectSame(registration, await openWith(object, kek));
    }
  }

  async #registerOne(registration: KeyRegistration, kek: SkmKek): Promise<RegisteredKey> {
    const { registrationBody } = await import('./wire.js');
    const response = await this.#ask({
      method: 'POST',
      path: '/keys',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(registrationBody(registration, kek, new Date().toISOString())),
    });
    if (response.status !== 200 && response.status !== 201) throw skmRefusal(response);
    const object = await read(response, registration.kid);
    if (!object) throw notAnSkmServer(response);
    const stored = await openWith(object, kek);
    const outcome = response.status === 201 ? 'created' : 'unchanged';
    if (outcome === 'created') expectKept(registration, stored);
    else expectSame(registration, stored);
    return { outcome, record: stored.record };
  }

  async #fetch(kid: KeyId): Promise<SkmObject | undefined> {
    const { kidDigits } = await import('./wire.js');
    const response = await this.#ask({ method: 'GET', path: `/keys/${kidDigits(kid)}` });
    if (isAbsence(response)) return undefined;
    if (response.status !== 200) throw skmRefusal(response);
    return read(response, kid);
  }

  /** Every request may be repeated: a POST of a KID that is there changes nothing. */
  async #ask({ path, ...request }: Request): Promise<HttpResponse> {
    this.#client ??= this.#connect();
    try {
      const client = await this.#client;
      return await client.request({ ...request, url: `${this.#url}${path}`, isIdempotent: true });
    } catch (error) {
      throw storeFailure(error);
    }
  }

  async #connect(): Promise<HttpClient> {
    const { authorization: open, tls, retryDelayMs } = this.#options;
    const authorization = await open();
    return new HttpClient({
      ...(authorization && { authorization }),
      ...(tls && { tls }),
      ...(retryDelayMs !== undefined && { retryDelayMs }),
    });
  }
}

/** A request to a path below the address of the server. */
type Request = Omit<HttpRequest, 'url'> & { readonly path: string };

async function read(response: HttpResponse, kid: KeyId): Promise<SkmObject | undefined> {
  const { readObject } = await import('./wire.js');
  try {
    return readObject(JSON.parse(textOf(response)), kid);
  } catch (error) {
    // Others than ours are left out: they may quote the answer.
    throw error instanceof PrpackError && error.code === 'KEY_STORE_FAILED'
      ? error
      : notAnSkmServer(response);
  }
}

async function openWith(object: SkmObject, kek: SkmKek): Promise<StoredKey> {
  const { openObject } = await import('./record.js');
  return openObject(object, kek);
}

/** The API says 404; SKeyMa says the same with status 400. */
function isAbsence(response: HttpResponse): boolean {
  return response.status === 404 || (response.status === 400 && textOf(response).trim() === 'Not Found');
}

function textOf({ body }: HttpResponse): string {
  return Buffer.from(body).toString('utf8');
}

function expectSame(registration: KeyRegistration, { record, key }: StoredKey): void {
  refuseConflict(registration, { ...record, key: key! });
}

function refuseConflict(
  registration: KeyRegistration,
  held: Pick<KeyRegistration, 'kid' | 'algorithm' | 'key'>,
): void {
  const conflict = registrationConflict(registration, { ...held, state: 'pending', checksum: '' });
  if (conflict) throw conflict;
}

/** What the server says it has made must be what it was sent. */
function expectKept(registration: KeyRegistration, { record, key }: StoredKey): void {
  if (key!.equals(registration.key) && record.algorithm === registration.algorithm) return;
  throw damagedRecord(registration.kid, 'the server did not keep what it was sent');
}

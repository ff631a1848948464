import { PrpackError } from '../../errors.js';
import type { HttpResponse } from '../../keys/http/client.js';
import type { KeyId } from '../../keys/key-id.js';
import type {
  AuditEntry,
  AuditFilter,
  ContentFilter,
  KeyFilter,
  KeyRecord,
  KeyRegistration,
  KeyStore,
  Page,
  PageRequest,
  Policy,
  PublishedOutput,
  RegisteredKey,
  StoredKey,
} from '../key-store.js';
import { notAKeyServer, serverRefusal } from './failure.js';
import { readAnswer, ServerClient, type ServerClientOptions, type ServerRequest } from './server-client.js';

/** Keys of one request, which is all or nothing. */
const MAX_KEYS = 1000;

type Wire = typeof import('./wire.js');
type Reader<T> = (wire: Wire, body: unknown) => T;

/**
 * A key store behind a key server of prpack (REST v1, `prpack serve`). What the server may do for this client depends on its token.
 */
export class HttpKeyStore implements KeyStore {
  readonly location: string;
  readonly #client: ServerClient;
  readonly #headers: Readonly<Record<string, string>>;

  /** REST v1 is below the address. */
  constructor(options: ServerClientOptions | ServerClient, requestId?: string) {
    this.#client = options instanceof ServerClient ? options : new ServerClient(options);
    this.#headers = requestId === undefined ? {} : { 'x-request-id': requestId };
    this.location = this.#client.url;
  }

  withRequestId(id: string): HttpKeyStore {
    return new HttpKeyStore(this.#client, id);
  }

  async register(registrations: readonly KeyRegistration[]): Promise<RegisteredKey[]> {
    if (registrations.length === 0) return [];
    if (registrations.length > MAX_KEYS) throw tooMany(registrations.length);
    const { registrationBody } = await import('./wire.js');
    const keys = registrations.map(registrationBody);
    return this.#send(post('/v1/keys', { keys, atomic: true }), (wire, body) => wire.readRegistered(body));
  }

  async markActive(kids: readonly KeyId[], output: PublishedOutput): Promise<void> {
    if (kids.length === 0) return;
    await this.#send(post('/v1/publications', { kids, output }), nothing);
  }

  async get(kid: KeyId): Promise<StoredKey | undefined> {
    const request = get(`/v1/keys/${kid}/key`);
    return this.#send(request, (wire, body) => wire.readStored(body), [404]);
  }

  async findByContentId(contentId: string, filter: ContentFilter = {}): Promise<StoredKey[]> {
    return this.#send(get('/v1/content-keys', { contentId, ...filter }), (wire, body) =>
      wire.readStoredList(body),
    );
  }

  async list(filter: KeyFilter = {}, page: PageRequest = {}): Promise<Page<KeyRecord>> {
    return this.#send(get('/v1/keys', { ...filter, ...page }), (wire, body) => wire.readRecords(body));
  }

  async revoke(kids: readonly KeyId[]): Promise<void> {
    if (kids.length === 0) return;
    await this.#send(post('/v1/revocations', { kids }), nothing);
  }

  async replacePolicy(kid: KeyId, policy: Policy, replaces?: number): Promise<KeyRecord> {
    const body = { policy, ...(replaces !== undefined && { replaces }) };
    return this.#send(put(`/v1/keys/${kid}/policy`, body), (wire, answer) => wire.readRecord(answer));
  }

  async rewrap(): Promise<number> {
    throw new PrpackError('UNSUPPORTED_FEATURE', 'a key server does not wrap its keys again for a client', {
      remedy: 'Run `prpack keys rewrap` on the machine of the key server, on the store that it serves.',
    });
  }

  async audit(filter: AuditFilter = {}, page: PageRequest = {}): Promise<Page<AuditEntry>> {
    return this.#send(get('/v1/audit', { ...filter, ...page }), (wire, body) => wire.readAudit(body));
  }

  async pruneAudit(): Promise<number> {
    throw new PrpackError('UNSUPPORTED_FEATURE', 'a key server does not prune its audit for a client', {
      remedy: 'Prune it on the machine of the key server, in the store that it serves.',
    });
  }

  async probe(): Promise<void> {
    await this.#send(get('/health/ready'), nothing);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #send<T>(request: ServerRequest, read: Reader<T>): Promise<T>;
  #send<T>(request: ServerRequest, read: Reader<T>, absent: readonly number[]): Promise<T | undefined>;
  async #send<T>(
    request: ServerRequest,
    read: Reader<T>,
    absent: readonly number[] = [],
  ): Promise<T | undefined> {
    const headers = { ...request.headers, ...this.#headers };
    const response = await this.#client.request({ ...request, headers });
    const { status } = response;
    if (absent.includes(status) && isProblem(response)) return undefined;
    if (status < 200 || status > 299) throw serverRefusal(response);
    const wire = await import('./wire.js');
    return readAnswer(response, (body) => read(wire, body), notAKeyServer);
  }
}

function get(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): ServerRequest {
  const given: [string, string][] = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, `${value}`]],
  );
  const search = new URLSearchParams(given).toString();
  return { method: 'GET', path: search === '' ? path : `${path}?${search}` };
}

const post = (path: string, body: object) => sending('POST', path, body);
const put = (path: string, body: object) => sending('PUT', path, body);

function sending(method: 'POST' | 'PUT', path: string, body: object): ServerRequest {
  return {
    method,
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

function nothing(): void {}

/** Of the server itself, and not of something else that answers at this address. */
function isProblem({ headers }: HttpResponse): boolean {
  return /^application\/problem\+json\b/.test(headers['content-type'] ?? '');
}

function tooMany(count: number): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', 'these are too many keys for one registration at a key server', {
    expected: `at most ${MAX_KEYS}`,
    received: count,
    remedy: 'Register them in several steps.',
  });
}

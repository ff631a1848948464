import { PrpackError } from '../../errors.js';
import { HttpClient, type HttpRequest, type HttpResponse } from '../../keys/http/client.js';
import type { SecretHeader } from '../../keys/http/secret-header.js';
import type { TlsFiles } from '../../keys/http/tls.js';
import { storeFailure } from './failure.js';

/** How a key store on a server is reached. */
export interface ServerClientOptions {
  /** Address of the server; what it offers is below it. */
  readonly url: URL;
  /** The header that lets this client in, asked for once, at the first request. None, where a client certificate is what lets it in. */
  readonly authorization: () => Promise<SecretHeader | undefined>;
  readonly tls?: TlsFiles;
  /** Pause before the second attempt of a request, in milliseconds. */
  readonly retryDelayMs?: number;
}

/** A request to a path below the address of the server. */
export type ServerRequest = Omit<HttpRequest, 'url' | 'isIdempotent'> & { readonly path: string };

/** Talks to the server that a key store is on. Nothing is read or connected before the first request. */
export class ServerClient {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #options: ServerClientOptions;
  #client: Promise<HttpClient> | undefined;

  constructor(options: ServerClientOptions) {
    this.#options = options;
    this.url = options.url.href.replace(/\/$/, '');
  }

  /**
   * The answer, of whatever status. Any request may be repeated, for all that is asked of key stores is idempotent.
   * @throws PrpackError KEY_STORE_FAILED when there is none
   */
  async request({ path, ...request }: ServerRequest): Promise<HttpResponse> {
    this.#client ??= this.#connect();
    try {
      const client = await this.#client;
      return await client.request({ ...request, url: `${this.url}${path}`, isIdempotent: true });
    } catch (error) {
      throw storeFailure(error);
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.close();
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

/**
 * What the JSON of an answer says; of an empty one, what `read` makes of undefined.
 * @param strange the error for an answer that `read` does not take
 * @throws PrpackError KEY_STORE_FAILED
 */
export function readAnswer<T>(
  response: HttpResponse,
  read: (body: unknown) => T,
  strange: (response: HttpResponse) => PrpackError,
): T {
  try {
    const text = Buffer.from(response.body).toString('utf8');
    return read(text === '' ? undefined : JSON.parse(text));
  } catch (error) {
    // Others than ours are left out: they may quote the answer.
    throw error instanceof PrpackError && error.code === 'KEY_STORE_FAILED' ? error : strange(response);
  }
}

import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach } from 'vitest';
import type { Scope } from '../../src/server/access/scopes.js';
import { TokenStore } from '../../src/server/access/token-store.js';
import { type KeyServer, type KeyServerOptions, startKeyServer } from '../../src/server/start.js';
import { KEK_HEX } from '../keystore/helpers.js';
import { temporaryFolder } from '../support/temporary.js';

/** A key server of a test, with a store and tokens of its own. */
export interface TestServer extends KeyServer {
  readonly tokens: TokenStore;
  /** Every line of the log so far, at every level. */
  readonly log: string[];
  readonly storeLocation: string;
  /** A new token with these scopes. */
  token(...scopes: Scope[]): Promise<string>;
  fetch(path: string, options?: RequestOptions): Promise<Answer>;
}

export interface RequestOptions {
  readonly method?: string;
  readonly token?: string;
  /** Sent as JSON unless it is a text. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert the shape, the compiler cannot
  readonly json: any;
}

const running: KeyServer[] = [];
let count = 0;

/** Starts servers that are stopped after each test. */
export function serverStarter(): (options?: Partial<KeyServerOptions>) => Promise<TestServer> {
  const temporary = temporaryFolder();
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.close()));
  });
  return async (options = {}) => {
    const folder = temporary(`server-${++count}`);
    const server = await startTestServer(folder, options);
    running.push(server);
    return server;
  };
}

export async function startTestServer(
  folder: string,
  options: Partial<KeyServerOptions> = {},
): Promise<TestServer> {
  const tokens = new TokenStore(join(folder, 'tokens'));
  const storeLocation = `sqlite:${join(folder, 'keys.sqlite')}`;
  const log: string[] = [];
  const server = await startKeyServer({
    host: '127.0.0.1',
    port: 0,
    store: { location: storeLocation, environment: { PRPACK_KEK: KEK_HEX } },
    tokenDirectory: tokens.directory,
    log: { level: 'trace', stream: { write: (line) => void log.push(line) } },
    ...options,
  });
  return {
    ...server,
    tokens,
    log,
    storeLocation,
    token: async (...scopes) => (await tokens.create({ name: `test ${scopes.join(' ')}`, scopes })).token,
    fetch: (path, request) => send(`${server.url}${path}`, request),
  };
}

export async function send(
  url: string,
  { method = 'GET', token, body, headers = {} }: RequestOptions = {},
): Promise<Answer> {
  const isText = typeof body === 'string';
  const response = await fetch(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && !isText && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: jsonOf(text) };
}

/** Does to the database of a running server what a disk or a careless administrator could do. */
export async function breakStore({ storeLocation, token, fetch }: TestServer): Promise<void> {
  const body = { key: '1'.repeat(32), contentId: 'broken' };
  const path = '/v1/keys/30000000-1000-1000-1000-100000000003';
  await fetch(path, { method: 'PUT', token: await token('register'), body }); // makes the file
  const database = new DatabaseSync(storeLocation.slice('sqlite:'.length));
  database.exec('alter table keys rename to gone');
  database.close();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

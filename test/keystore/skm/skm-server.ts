import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** Key objects as the SKM API has them. */
export type KeyObject = Record<string, unknown> & { kid: string };

export interface TestSkmServer {
  readonly url: string;
  /** By KID. */
  readonly objects: Map<string, KeyObject>;
  /** Everything that came in: request line, headers and body. */
  readonly requests: string[];
  /** Answers a request in place of the server when it returns true. */
  interfere: (request: IncomingMessage, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

/** A server of the SKM API that knows no keys and no KEK: it keeps what it is sent. With `tls`, over HTTPS, as `localhost`. */
export async function startSkmServer(tls?: ServerOptions): Promise<TestSkmServer> {
  const objects = new Map<string, KeyObject>();
  const requests: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    requests.push(`${request.method} ${request.url}\n${request.rawHeaders.join('\n')}\n${body}`);
    if (server.interfere(request, response)) return;
    const { status, text } = request.method === 'POST' ? create(objects, body) : find(objects, request.url!);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };
  const http = tls ? createTlsServer(tls, answer) : createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const server: TestSkmServer = {
    url: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${(http.address() as AddressInfo).port}`,
    objects,
    requests,
    interfere: () => false,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

/** "POST /keys": the object that is there already is the answer, and the body is ignored. */
function create(objects: Map<string, KeyObject>, body: string): { status: number; text: string } {
  const sent = JSON.parse(body) as KeyObject;
  const held = objects.get(sent.kid);
  if (held) return { status: 200, text: JSON.stringify(held) };
  objects.set(sent.kid, { ...sent, lastUpdate: '2026-01-02T03:04:05.000Z' });
  return { status: 201, text: JSON.stringify(sent) };
}

/** "GET /keys/{kid}": an array of one. */
function find(objects: Map<string, KeyObject>, url: string): { status: number; text: string } {
  const held = objects.get(/^\/keys\/([0-9a-f]{32})$/.exec(url)?.[1] ?? '');
  return held ? { status: 200, text: JSON.stringify([held]) } : { status: 404, text: 'Not Found' };
}

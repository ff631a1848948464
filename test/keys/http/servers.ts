import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, vi } from 'vitest';
import { certificateText } from '../cpix/documents.js';

/** What a server was asked. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (seen: Seen, response: ServerResponse, attempt: number) => void;

export interface TestServer {
  readonly port: number;
  /** http or https, by name. */
  readonly url: string;
  readonly seen: Seen[];
  /** Connections that were made to it, and those that are open now. */
  readonly connections: { made: number; open: number };
}

const PROXY_VARIABLES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'];

/** Servers on the loopback that end with each test of the file that calls this. No proxy of the machine stands between. */
export function testServers() {
  const ends: (() => void)[] = [];
  beforeEach(() => {
    for (const name of PROXY_VARIABLES) vi.stubEnv(name, undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const end of ends.splice(0)) end();
  });

  async function listen(server: Server, connections = { made: 0, open: 0 }): Promise<number> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      connections.made++;
      connections.open++;
      socket.on('close', () => {
        sockets.delete(socket);
        connections.open--;
      });
      socket.on('error', () => {});
    });
    ends.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  function recorder(answer: Answer): { seen: Seen[]; listener: RequestListener } {
    const seen: Seen[] = [];
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        seen.push({ method, url, headers, body: Buffer.concat(chunks).toString('utf8') });
        answer(seen[seen.length - 1], response, seen.length);
      });
    };
    return { seen, listener };
  }

  return {
    async http(answer: Answer): Promise<TestServer> {
      const { seen, listener } = recorder(answer);
      const connections = { made: 0, open: 0 };
      const port = await listen(createServer(listener), connections);
      return { port, url: `http://127.0.0.1:${port}`, seen, connections };
    },
    async https(answer: Answer, certificate = 'server', options: ServerOptions = {}): Promise<TestServer> {
      const { seen, listener } = recorder(answer);
      const [cert, key] = [certificateText(`${certificate}.pem`), certificateText(`${certificate}.key`)];
      const connections = { made: 0, open: 0 };
      const port = await listen(createTlsServer({ cert, key, ...options }, listener), connections);
      return { port, url: `https://localhost:${port}`, seen, connections };
    },
    /** A server that speaks for itself. */
    async tcp(onConnection: (socket: Socket) => void): Promise<TestServer> {
      const connections = { made: 0, open: 0 };
      const port = await listen(createTcpServer(onConnection), connections);
      return { port, url: `http://127.0.0.1:${port}`, seen: [], connections };
    },
    /** A proxy that tunnels, whatever host it is asked for, to one port. */
    async proxy(port: number): Promise<TestServer> {
      const seen: Seen[] = [];
      const server = createServer();
      server.on('connect', ({ method = '', url = '', headers }: IncomingMessage, socket: Socket) => {
        seen.push({ method, url, headers, body: '' });
        const upstream = connect(port, '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          upstream.pipe(socket).pipe(upstream);
        });
        upstream.on('error', () => socket.destroy());
        socket.on('error', () => upstream.destroy());
      });
      const connections = { made: 0, open: 0 };
      const own = await listen(server, connections);
      return { port: own, url: `http://127.0.0.1:${own}`, seen, connections };
    },
    /** A port where nobody listens. */
    async closedPort(): Promise<number> {
      const server = createTcpServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      return port;
    },
  };
}

/** An answer with a status and a text. */
export function reply(status: number, text = '', headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, headers);
    response.end(text);
  };
}

/** One answer after the other; the last again and again. */
export function inTurn(...answers: readonly Answer[]): Answer {
  return (seen, response, attempt) => answers[Math.min(attempt, answers.length) - 1](seen, response, attempt);
}

/** All that an error tells, down to its last cause. */
export function everythingSaid(error: unknown): string {
  const { message, stack, cause } = error as Error;
  const inner = cause === undefined ? '' : everythingSaid(cause);
  return `${message} ${stack} ${JSON.stringify(error)} ${JSON.stringify(Object.values(error as object))} ${inner}`;
}

/** The error that a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<{ error: unknown; said: string }> {
  try {
    await promise;
  } catch (error) {
    return { error, said: everythingSaid(error) };
  }
  throw new Error('it did not fail');
}

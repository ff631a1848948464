import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { PrpackError } from '../errors.js';

/** Where Prometheus finds the metrics of a process. */
export interface MetricsServer {
  /** Such as `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const PATH = '/metrics';

/**
 * Serves the metrics of a process.
 * @param address `<host>:<port>`, or a port of the loopback interface; port 0 for any that is free
 * @throws PrpackError INVALID_ARGUMENT when it cannot listen there
 */
export async function serveMetrics(address: string, registry: Registry): Promise<MetricsServer> {
  const server = createServer(({ method, url }, response) => {
    if (url?.split('?')[0] !== PATH) answer(response, 404, 'Not found\n');
    else if (method !== 'GET' && method !== 'HEAD') answer(response, 405, 'Method not allowed\n');
    else void answerMetrics(response, registry);
  });
  const { host, port } = parseAddress(address);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(address, cause)));
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return {
    url: `http://${name}:${bound.port}${PATH}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answerMetrics(response: ServerResponse, registry: Registry): Promise<void> {
  try {
    answer(response, 200, await registry.metrics(), registry.contentType);
  } catch {
    answer(response, 500, 'The metrics cannot be collected.\n');
  }
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}

/** What the option allows, it reads. */
function parseAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  const host = at < 0 ? LOOPBACK : address.slice(0, at).replace(/^\[|\]$/g, '');
  return { host, port: Number(address.slice(at + 1)) };
}

function cannotListen(address: string, cause: NodeJS.ErrnoException): PrpackError {
  return new PrpackError(
    'INVALID_ARGUMENT',
    `the metrics cannot be served at ${address} (${cause.code ?? cause.message})`,
    { remedy: 'Give another address, or end what listens there.' },
    cause,
  );
}

import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { holdsToken } from '../access/token.js';
import { Problem } from '../problem.js';

const TIMEOUT_MS = 30_000;

/** Headers that belong to one connection (RFC 9110, 7.6.1), and those that the new request gets of its own. */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Sends a request on to another server and its answer back: bytes, headers and status as they are.
 * @throws Problem 400 when a token of this server would go with it, 502 or 504 when the other server does not answer
 */
export async function forward(
  upstream: URL,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Uint8Array,
): Promise<void> {
  assertNoTokens(request.url, body);
  const answer = await send(withQuery(upstream, request.url), requestHeaders(request.headers, body), body);
  reply.hijack();
  const { raw } = reply;
  for (const name of raw.getHeaderNames()) raw.removeHeader(name); // those are of this server
  for (const [name, value] of responseHeaders(answer)) raw.appendHeader(name, value);
  raw.writeHead(answer.statusCode!, answer.statusMessage);
  await pipeline(answer, raw).catch(() => raw.destroy()); // one of the two has gone; nothing can be said any more
}

/** The query is a part of the message: test servers take policies in it. */
function withQuery(upstream: URL, path: string): URL {
  const at = path.indexOf('?');
  if (at < 0) return upstream;
  const url = new URL(upstream);
  url.search = path.slice(at);
  return url;
}

/** Credentials of this server are not for the other one, in whatever header they stand. */
function requestHeaders(headers: IncomingHttpHeaders, body: Uint8Array): Record<string, string | string[]> {
  const dropped = [
    ...HOP_BY_HOP,
    ...connectionOptions(headers.connection),
    'host',
    'content-length',
    'expect',
  ];
  const kept = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !dropped.includes(name) && !holdsToken(`${value}`),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), 'content-length': `${body.length}` };
}

/** In the query or the message a token cannot be taken out without changing what the caller said. */
function assertNoTokens(url: string, body: Uint8Array): void {
  if (!holdsToken(url) && !holdsToken(Buffer.from(body).toString('latin1'))) return;
  throw new Problem(
    400,
    'BAD_REQUEST',
    'a token of this server stands in the message, which is for another server',
    'Send the token in the header Authorization alone, and revoke it if others may have seen the message.',
  );
}

function responseHeaders({ rawHeaders, headers }: IncomingMessage): [name: string, value: string][] {
  const dropped = [...HOP_BY_HOP, ...connectionOptions(headers.connection)];
  const kept: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!dropped.includes(rawHeaders[i]!.toLowerCase())) kept.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  }
  return kept;
}

/** Headers that Connection names belong to the connection, too. */
function connectionOptions(connection = ''): string[] {
  return connection.split(',').map((option) => option.trim().toLowerCase());
}

function send(
  url: URL,
  headers: Record<string, string | string[]>,
  body: Uint8Array,
): Promise<IncomingMessage> {
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = open(url, { method: 'POST', headers });
    const timer = setTimeout(() => request.destroy(unanswered(504, 'in time')), TIMEOUT_MS);
    request.on('response', resolve);
    request.on('error', (error) =>
      reject(error instanceof Problem ? error : unanswered(502, causeOf(error))),
    );
    request.on('close', () => clearTimeout(timer));
    request.end(body);
  });
}

function causeOf(error: NodeJS.ErrnoException): string {
  return `(${error.code ?? error.name})`;
}

function unanswered(status: number, how: string): Problem {
  return new Problem(status, 'KEY_SOURCE_FAILED', `the upstream RightsManager did not answer ${how}`);
}

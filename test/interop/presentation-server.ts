import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join, normalize } from 'node:path';
import { ROOT } from '../support/samples.js';
import { smoothResponse } from '../support/smooth-origin.js';

const PAGE = readFileSync(join(import.meta.dirname, 'presentation.html'));

const TYPES: Readonly<Record<string, string>> = {
  mpd: 'application/dash+xml',
  m3u8: 'application/vnd.apple.mpegurl',
  mp4: 'video/mp4',
  m4s: 'video/iso.segment',
  vtt: 'text/vtt',
  jpg: 'image/jpeg',
  js: 'text/javascript',
};

/**
 * Serves the page of the players at `/`, packages below `/npm/`, presentations below `/media/` with byte ranges and
 * those of Smooth Streaming below `manifest.ism/`, and at `/license` Clear
 * Key licenses.
 * @param keys content keys by KID, both as hexadecimal digits
 */
export async function servePresentations(
  folder: string,
  keys: () => Readonly<Record<string, string>>,
): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url!, 'http://localhost').pathname));
    if (path === '/') response.setHeader('content-type', 'text/html').end(PAGE);
    else if (path === '/license') response.end(await licenseFor(request, keys()));
    else if (path.startsWith('/npm/')) sendFile(join(ROOT, 'node_modules', path.slice(5)), request, response);
    else if (path.includes('.ism/')) sendSmooth(join(folder, path.slice(7)), response);
    else if (path.startsWith('/media/')) sendFile(join(folder, path.slice(7)), request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { server, origin: `http://127.0.0.1:${port}` };
}

/** W3C Encrypted Media Extensions 9.1: the keys that are asked for. */
async function licenseFor(request: IncomingMessage, keys: Readonly<Record<string, string>>): Promise<string> {
  const body: Buffer[] = [];
  for await (const part of request) body.push(part as Buffer);
  const { kids } = JSON.parse(Buffer.concat(body).toString()) as { kids: string[] };
  const known = kids.flatMap((kid) => {
    const key = keys[Buffer.from(kid, 'base64url').toString('hex')];
    return key === undefined ? [] : [{ kty: 'oct', kid, k: Buffer.from(key, 'hex').toString('base64url') }];
  });
  return JSON.stringify({ keys: known, type: 'temporary' });
}

function sendSmooth(path: string, response: ServerResponse): void {
  const body = smoothResponse(path);
  if (!body) response.writeHead(404);
  response.end(body);
}

function sendFile(path: string, request: IncomingMessage, response: ServerResponse): void {
  if (!existsSync(path)) {
    response.writeHead(404).end();
    return;
  }
  const { size } = statSync(path);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(first ?? 0);
  const end = Math.min(size - 1, last ? Number(last) : size - 1);
  response.writeHead(first === undefined ? 200 : 206, {
    'content-type': TYPES[path.split('.').at(-1)!] ?? 'application/octet-stream',
    'content-length': end - start + 1,
    'accept-ranges': 'bytes',
    ...(first !== undefined && { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  createReadStream(path, { start, end }).pipe(response);
}

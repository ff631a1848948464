// A web server of a file, with the faults of servers in the field, one a path. It runs in a thread of its own, because the thread
// that tests an HTTP source sleeps while it reads.
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const bytes = Buffer.from(workerData.bytes);
const log = [];
const counts = new Map();

/** @returns how many requests of this path came before */
function countOf(path) {
  const count = counts.get(path) ?? 0;
  counts.set(path, count + 1);
  return count;
}

function rangeOf(request) {
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (!match) return undefined;
  return [Number(match[1]), Math.min(Number(match[2]) + 1, bytes.length)];
}

function part(request, response, { etag = '"one"', headers = {}, end, size = bytes.length } = {}) {
  const [from, asked] = rangeOf(request);
  const to = Math.min(asked, end ?? asked);
  const body = bytes.subarray(from, to);
  response.writeHead(206, {
    etag,
    'content-range': `bytes ${from}-${to - 1}/${size}`,
    'content-length': body.length,
    ...headers,
  });
  return body;
}

const PATHS = {
  plain: (request, response) => response.end(part(request, response)),
  'no-validator': (request, response) => {
    const [from, to] = rangeOf(request);
    response.writeHead(206, { 'content-range': `bytes ${from}-${to - 1}/${bytes.length}` });
    response.end(bytes.subarray(from, to));
  },
  unavailable: (request, response, count) => {
    if (count % 2 === 1) response.end(part(request, response));
    else response.writeHead(503, { 'retry-after': '0' }).end('later');
  },
  'always-503': (_, response) => response.writeHead(503).end(),
  cut: (request, response) => {
    const body = part(request, response);
    response.write(body.subarray(0, Math.max(1, Math.min(100_000, body.length - 1))), () => {
      if (body.length > 1) response.destroy();
      else response.end();
    });
  },
  'always-cut': (request, response, count) => {
    const body = part(request, response);
    if (count === 0) return response.end(body);
    response.write(body.subarray(0, 10), () => response.destroy());
  },
  'short-parts': (request, response) =>
    response.end(part(request, response, { end: rangeOf(request)[0] + 70_000 })),
  'new-etag': (request, response, count) =>
    response.end(part(request, response, { etag: count < 3 ? '"one"' : '"two"' })),
  'if-range': (request, response, count) => {
    if (count < 3) return response.end(part(request, response));
    // As RFC 9110 13.1.5 has it: the whole new file, when the validator does not hold any more.
    const holds = request.headers['if-range'] === '"two"';
    if (!holds) response.writeHead(200, { etag: '"two"' }).end(bytes);
  },
  'new-size': (request, response, count) =>
    response.end(part(request, response, { size: bytes.length + (count < 3 ? 0 : 1) })),
  'new-date': (request, response, count) =>
    response.end(
      part(request, response, {
        etag: 'W/"weak"',
        headers: { 'last-modified': new Date(count < 3 ? 0 : 1e12).toUTCString() },
      }),
    ),
  'no-ranges': (_, response) => response.writeHead(200, { 'content-length': bytes.length }).end(bytes),
  compressed: (request, response) =>
    response.end(part(request, response, { headers: { 'content-encoding': 'gzip' } })),
  'other-part': (_, response) => {
    response.writeHead(206, { 'content-range': `bytes 5-9/${bytes.length}`, 'content-length': 5 });
    response.end('.....');
  },
  empty: (_, response) => response.writeHead(416, { 'content-range': 'bytes */0' }).end(),
  missing: (_, response) => response.writeHead(404).end('not here'),
  forbidden: (_, response) => response.writeHead(403).end(),
  silent: () => {},
  stalls: (request, response, count) => {
    const body = part(request, response);
    if (count === 0) response.end(body);
    else response.write(body.subarray(0, 100));
  },
  moved: (_, response) => response.writeHead(302, { location: '/plain?signature=secret' }).end(),
  'moved-away': (_, response) =>
    response.writeHead(307, { location: `http://localhost:${server.address().port}/plain` }).end(),
  loop: (_, response) => response.writeHead(301, { location: '/loop' }).end(),
  private: (request, response) => {
    const wanted = `Basic ${Buffer.from('user:pass word').toString('base64')}`;
    if (request.headers.authorization === wanted) response.end(part(request, response));
    else response.writeHead(401).end();
  },
};

/** A proxy too, for who is told so: it connects through to whatever it is asked for. */
function tunnel(request, socket) {
  log.push({ path: 'CONNECT', host: request.url });
  const [host, port] = request.url.split(':');
  const upstream = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
  upstream.on('error', () => socket.destroy());
  socket.on('error', () => upstream.destroy());
  upstream.pipe(socket).pipe(upstream);
}

function serve(request, response) {
  const path = new URL(request.url, 'http://host').pathname.slice(1).replace(/\.mp4$/, '');
  const { range, authorization, host } = request.headers;
  log.push({ path, range, authorization, host });
  response.on('error', () => {});
  PATHS[path](request, response, countOf(path));
}

const { tls } = workerData;
const server = tls ? createTlsServer(tls, serve) : createServer(serve);
server.on('connect', tunnel);

server.listen(0, '127.0.0.1', () => parentPort.postMessage({ port: server.address().port }));
parentPort.on('message', () => parentPort.postMessage({ log: log.splice(0) }));

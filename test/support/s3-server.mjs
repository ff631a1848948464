import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import S3rver from 's3rver';

/*
 * A server of S3 in a thread of its own, as readers let theirs sleep. In front of it is a proxy that does what s3rver leaves out, checksums and
 * `If-None-Match`, that fails as it is told to, and that keeps a list of the requests.
 */

const directory = mkdtempSync(join(tmpdir(), 'prpack-s3-'));
const s3rver = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory,
  configureBuckets: workerData.buckets.map((name) => ({ name })),
});
const { port: upstream } = await s3rver.run();

let faults = [];
let log = [];
/** Uploads in parts that are open, which s3rver does not list: bucket and key by their ids. */
const uploads = new Map();

const proxy = createServer((incoming, answer) => {
  answered(incoming, answer).catch(() => incoming.socket.destroy()); // the client has gone
});

async function answered(incoming, answer) {
  const body = Buffer.concat(await incoming.toArray());
  const { method, url, headers } = incoming;
  log.push({ method, url, ...(headers.range && { range: headers.range }) });
  const fault = faults.find((one) => one.times > 0 && new RegExp(one.match).test(`${method} ${url}`));
  if (fault && fault.after > 0) fault.after--;
  else if (fault) {
    fault.times--;
    return FAULTS[fault.kind](incoming, body, answer);
  }
  await pass(incoming, body, answer);
}

/** What S3 itself would do with the request. */
async function pass(incoming, body, answer) {
  const { headers, method, url } = incoming;
  const asked = new URL(url, 'http://localhost');
  if (method === 'GET' && asked.searchParams.has('uploads')) return list(asked, answer);
  const sum = headers['x-amz-checksum-crc32'];
  if (sum !== undefined && sum !== crc32Of(body)) return refuse(answer, 400, 'BadDigest');
  if (headers['if-none-match'] === '*' && (await exists(incoming.url)))
    return refuse(answer, 412, 'PreconditionFailed');
  const { status, headers: own, body: bytes } = await forward(incoming, body);
  if (headers.range && bytes.length === 0 && status < 500 && status !== 404)
    return refuse(answer, 416, 'InvalidRange');
  const etag = headers['if-match'];
  if (etag !== undefined && own.etag !== etag) return refuse(answer, 412, 'PreconditionFailed');
  answer.writeHead(status, own).end(bytes);
}

const FAULTS = {
  'server-error': (_, __, answer) => refuse(answer, 500, 'InternalError'),
  expired: (_, __, answer) => refuse(answer, 400, 'ExpiredToken'),
  denied: (_, __, answer) => refuse(answer, 403, 'AccessDenied'),
  'wrong-secret': (_, __, answer) => refuse(answer, 403, 'SignatureDoesNotMatch'),
  hangup: (incoming) => incoming.socket.destroy(),
  slow: async (incoming, body, answer) => {
    await delay(300);
    await pass(incoming, body, answer);
  },
  /** Nothing happens before the faults are others, and then only if the client is still there. */
  held: async (incoming, body, answer) => {
    for (const given = faults; faults === given; ) await delay(10);
    if (!incoming.socket.destroyed) await pass(incoming, body, answer);
  },
  /** Half of the body, then the end of the connection. */
  cut: async (incoming, body, answer) => {
    const { status, headers, body: bytes } = await forward(incoming, body);
    answer.writeHead(status, { ...headers, 'content-length': bytes.length });
    answer.write(bytes.subarray(0, bytes.length / 2), () => incoming.socket.destroy());
  },
  damaged: (incoming, body, answer) => {
    const damaged = Buffer.from(body);
    damaged[damaged.length >> 1] ^= 1;
    return pass(incoming, damaged, answer);
  },
  /** As a server that does not know ranges. */
  whole: async (incoming, body, answer) => {
    delete incoming.headers.range;
    const { headers, body: bytes } = await forward(incoming, body);
    answer.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
  },
  /** What S3 may say after it has begun to answer (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html). */
  'late-error': (_, __, answer) => refuse(answer, 200, 'InternalError'),
  /** It is done, but nobody hears of it. */
  unheard: async (incoming, body) => {
    await forward(incoming, body);
    incoming.socket.destroy();
  },
};

function crc32Of(body) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}

function refuse(answer, status, code) {
  const text = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>AKIASECRET geheim</Message></Error>`;
  answer.writeHead(status, { 'content-type': 'application/xml' }).end(text);
}

async function forward(incoming, body) {
  const answer = await send(incoming, body);
  noteUpload(incoming, answer);
  return answer;
}

function noteUpload({ method, url }, { status, body }) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const id = searchParams.get('uploadId');
  if (method === 'DELETE' && id) uploads.delete(id);
  if (method !== 'POST' || status !== 200) return;
  if (id) uploads.delete(id);
  const [, begun] = /<UploadId>([^<]+)</.exec(body) ?? [];
  const [, bucket, ...key] = pathname.split('/').map(decodeURIComponent);
  if (begun) uploads.set(begun, { bucket, key: key.join('/') });
}

/** What S3 answers to ListMultipartUploads. */
function list({ pathname, searchParams }, answer) {
  const bucket = pathname.split('/')[1];
  const isListed = (one) => one.bucket === bucket && one.key.startsWith(searchParams.get('prefix') ?? '');
  const entries = [...uploads].filter(([, one]) => isListed(one));
  const text = entries.map(([id, { key }]) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`);
  const open = '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>';
  answer.writeHead(200, { 'content-type': 'application/xml' });
  answer.end(`<?xml version="1.0"?>${open}${text.join('')}</ListMultipartUploadsResult>`);
}

function send({ method, url, headers }, body) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: upstream, method, path: url, headers };
    const sent = request(options, async (answer) => {
      const bytes = Buffer.concat(await answer.toArray().catch(() => [])); // s3rver breaks off what it says of an empty object
      const { 'transfer-encoding': _, ...rest } = answer.headers;
      resolve({ status: answer.statusCode, headers: rest, body: bytes });
    });
    sent.on('error', reject).end(body);
  });
}

async function exists(url) {
  const options = { method: 'HEAD', url: url.split('?')[0], headers: {} };
  return (await forward(options, undefined)).status === 200;
}

const COMMANDS = {
  faults: (given) => {
    faults = given;
  },
  uploads: () => [...uploads.values()],
  log: () => {
    const now = log;
    log = [];
    return now;
  },
  stop: async () => {
    await s3rver.close();
    proxy.close();
    rmSync(directory, { recursive: true, force: true });
  },
};

parentPort.on('message', async ({ command, argument }) => {
  parentPort.postMessage({ done: await COMMANDS[command](argument) });
});

proxy.listen(0, '127.0.0.1', () => parentPort.postMessage({ port: proxy.address().port }));

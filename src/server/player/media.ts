import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Bytes of a file; the end is not among them. */
interface ByteRange {
  readonly startBytes: number;
  readonly endBytes: number;
}

/** A file to send. */
export interface MediaFile {
  readonly path: string;
  readonly bytes: number;
  /** Media type. */
  readonly type: string;
}

/** Sends a file, or the one range of it that is asked for (RFC 9110, 14). */
export function sendMedia(
  request: FastifyRequest,
  reply: FastifyReply,
  { path, bytes, type }: MediaFile,
): FastifyReply {
  reply.type(type).header('accept-ranges', 'bytes').header('cache-control', 'no-store');
  const { range: header } = request.headers;
  const range = header === undefined ? { startBytes: 0, endBytes: bytes } : rangeOf(header, bytes);
  if (!range) return reply.code(416).header('content-range', `bytes */${bytes}`).send();
  const { startBytes, endBytes } = range;
  if (header !== undefined) {
    reply.code(206).header('content-range', `bytes ${startBytes}-${endBytes - 1}/${bytes}`);
  }
  reply.header('content-length', endBytes - startBytes);
  if (startBytes === endBytes || request.method === 'HEAD') return reply.send(Readable.from([]));
  return reply.send(createReadStream(path, { start: startBytes, end: endBytes - 1 }));
}

function rangeOf(header: string, sizeBytes: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header) ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  const startBytes = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const endBytes = first === '' || last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  return startBytes < endBytes ? { startBytes, endBytes } : undefined;
}

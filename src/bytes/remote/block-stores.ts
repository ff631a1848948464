import { randomUUID } from 'node:crypto';
import { openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrpackError } from '../../errors.js';
import type { BlockStore } from './block-loader.js';

/** Where blocks are kept. */
export interface OpenStore extends BlockStore {
  /** Of the file that they are kept in; absent where they are kept in memory. It is closed with the thread that opened it. */
  readonly fd?: number;
}

/** An output of about the size of the input may want the same disk. */
const ROOM_FOR_OUTPUT = 2;

/**
 * Where a file is larger than the memory for its blocks, and the folder for temporary files has the room, each block has a place on the
 * disk, so that none is fetched twice: an input is read for the plan, for the output, and for the check.
 */
export function storeFor(sizeBytes: number, memory: Uint8Array, blockBytes: number): OpenStore {
  return (sizeBytes > memory.length && onDisk(sizeBytes, blockBytes)) || inMemory(memory, blockBytes);
}

/** A store of as many blocks as the memory holds. */
export function inMemory(memory: Uint8Array, blockBytes: number): OpenStore {
  return {
    slots: Math.floor(memory.length / blockBytes),
    blockBytes,
    write: (bytes, atBytes) => memory.set(bytes, atBytes),
  };
}

/** Undefined where there is no room. The file has no name, so that it is gone with the process, however that ends. */
function onDisk(sizeBytes: number, blockBytes: number): OpenStore | undefined {
  const path = join(tmpdir(), `prpack-${randomUUID()}`);
  let fd: number;
  try {
    const { bavail, bsize } = statfsSync(tmpdir());
    if (bavail * bsize < sizeBytes * ROOM_FOR_OUTPUT) return undefined;
    fd = openSync(path, 'wx+', 0o600);
    rmSync(path);
  } catch {
    return undefined;
  }
  const write = (bytes: Uint8Array, atBytes: number) => {
    for (let done = 0; done < bytes.length; ) done += writeSome(fd, bytes.subarray(done), atBytes + done);
  };
  return { slots: Math.ceil(sizeBytes / blockBytes), blockBytes, write, fd };
}

function writeSome(fd: number, bytes: Uint8Array, atBytes: number): number {
  try {
    return writeSync(fd, bytes, 0, bytes.length, atBytes);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'nothing was written';
    const message = `the input cannot be kept in ${tmpdir()}: ${reason}`;
    const remedy = 'Free some space there, or name another folder for temporary files in TMPDIR.';
    throw new PrpackError('INPUT_UNREADABLE', message, { path: tmpdir(), remedy }, cause);
  }
}

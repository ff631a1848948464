import type { Readable, Writable } from 'node:stream';
import { assertMediaName } from '../bytes/media-name.js';
import { PrpackError } from '../errors.js';
import { giveStdoutToMedia } from './output/streams.js';

/** What stands for stdin or stdout in place of a path. A file of that name is `./-`. */
const STREAM = '-';

/**
 * The input that an argument names.
 * @throws PrpackError INVALID_ARGUMENT when stdin is a terminal
 */
export function mediaInput(argument: string): string | Readable {
  if (argument !== STREAM) return argument;
  if (!process.stdin.isTTY) return process.stdin;
  throw new PrpackError('INVALID_ARGUMENT', 'the input is -, but stdin is a terminal', {
    remedy: 'Pipe fragmented MP4 into prpack, or give the path of a file.',
  });
}

/**
 * The output that an argument names. When it is stdout, results are printed on stderr from now on.
 * @throws PrpackError INVALID_ARGUMENT when stdout is a terminal, or the name is that of a manifest
 */
export function mediaOutput(argument: string): string | Writable {
  if (argument !== STREAM) {
    assertMediaName(argument);
    return argument;
  }
  if (process.stdout.isTTY) {
    throw new PrpackError('INVALID_ARGUMENT', 'the output is -, but stdout is a terminal', {
      remedy: 'Send it on with > file or | program, or give the path of a file.',
    });
  }
  giveStdoutToMedia();
  return process.stdout;
}

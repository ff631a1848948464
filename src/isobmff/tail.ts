import { latin1 } from '../bytes/reader.js';
import { type ByteSource, readBytes } from '../bytes/source.js';
import { malformed, PrpackError } from '../errors.js';
import { MAX_HEADER_BYTES, parseBoxHeader } from './walk.js';

/**
 * How a file ends that does not end with a whole box: with zeros, an ID3v1 tag or other bytes that are no box, or
 * with a box that claims more bytes than the file has (`cut`) or says no size (`open`, ISO/IEC 14496-12 4.2.2).
 */
export interface Tail {
  readonly kind: 'zeros' | 'ID3v1' | 'bytes' | 'cut' | 'open';
  /** Of a cut or open box. */
  readonly type: string | undefined;
  readonly startBytes: number;
  /** Bytes up to the end of the file. */
  readonly sizeBytes: number;
  /** Bytes that a cut box claims to have; otherwise as `sizeBytes`. */
  readonly claimedBytes: number;
}

const ID3V1_BYTES = 128;
const SCANNED_BYTES = 2 ** 20;

/**
 * The bytes from an offset on, which are no box.
 * @throws PrpackError MALFORMED_INPUT when there are boxes that list samples among them
 */
export function readTailBytes(source: ByteSource, startBytes: number): Tail {
  const sizeBytes = source.sizeBytes - startBytes;
  assertNoHiddenSamples(source, startBytes, { boxPath: '(top level)', offsetBytes: startBytes });
  const kind = kindOf(source, startBytes, sizeBytes);
  return { kind, type: undefined, startBytes, sizeBytes, claimedBytes: sizeBytes };
}

function kindOf(source: ByteSource, startBytes: number, sizeBytes: number): Tail['kind'] {
  if (sizeBytes === ID3V1_BYTES && latin1(readBytes(source, startBytes, 3)) === 'TAG') return 'ID3v1';
  for (const { bytes } of chunks(source, startBytes)) if (bytes.some((byte) => byte !== 0)) return 'bytes';
  return 'zeros';
}

/**
 * Looks for boxes that list samples where no reader looks for boxes: behind bytes that are none, or in a box that
 * reaches to the end of the file because its size is wrong. Their samples would be passed over, and stay clear.
 * @param place what they lie in, for messages
 * @throws PrpackError MALFORMED_INPUT
 */
export function assertNoHiddenSamples(
  source: ByteSource,
  fromBytes: number,
  place: { readonly boxPath: string; readonly offsetBytes: number },
): void {
  for (const { bytes, startBytes } of chunks(source, fromBytes)) {
    for (const type of ['moof', 'moov']) {
      for (let at = bytes.indexOf(type, 4, 'latin1'); at >= 0; at = bytes.indexOf(type, at + 1, 'latin1')) {
        if (isWholeBox(source, startBytes + at - 4)) throw hidden(type, startBytes + at - 4, place);
      }
    }
  }
}

/** Parts of the file from an offset to its end. Neighbours share 7 bytes: size and type of a box are in one of them. */
function* chunks(
  source: ByteSource,
  fromBytes: number,
): Generator<{ readonly bytes: Buffer; readonly startBytes: number }> {
  const buffer = Buffer.alloc(Math.min(SCANNED_BYTES, Math.max(source.sizeBytes - fromBytes, 0)));
  for (let startBytes = fromBytes; startBytes < source.sizeBytes; startBytes += SCANNED_BYTES - 7) {
    const bytes = buffer.subarray(0, Math.min(buffer.length, source.sizeBytes - startBytes));
    source.readInto(bytes, startBytes);
    yield { bytes, startBytes };
  }
}

/** The smallest `moof` and `moov` hold a header of 16 bytes and more. */
const LEAST_BYTES = 24;

function isWholeBox(source: ByteSource, startBytes: number): boolean {
  const left = source.sizeBytes - startBytes;
  const header = parseBoxHeader(readBytes(source, startBytes, Math.min(left, MAX_HEADER_BYTES)));
  return header !== undefined && header.sizeBytes >= LEAST_BYTES && header.sizeBytes <= left;
}

function hidden(
  type: string,
  atBytes: number,
  place: { readonly boxPath: string; readonly offsetBytes: number },
): PrpackError {
  return malformed(`${place.boxPath}: a ${type} box lies where no reader finds it`, {
    ...place,
    expected: 'boxes one after the other',
    received: `${type} at byte ${atBytes}`,
    clause: 'ISO/IEC 14496-12 4.2',
    remedy: 'The box at this offset has a wrong size, or bytes were put into the file; make it again.',
  });
}

/** The error of a file that ends before its content does. */
export function endsInsideBox(
  { type, startBytes, sizeBytes, claimedBytes }: Tail,
  path: string,
): PrpackError {
  return new PrpackError('TRUNCATED_INPUT', `${type}: the file ends inside this box`, {
    boxPath: type!,
    offsetBytes: startBytes,
    expected: claimedBytes,
    received: sizeBytes,
    path,
    remedy: 'The file is incomplete: copy or download it again, or repair it by remuxing it.',
  });
}

import { ByteReader } from '../bytes/reader.js';
import { type ByteSource, readBytes } from '../bytes/source.js';
import { type Emsg, readEmsg } from './boxes/emsg.js';
import { type BoxExtent, boxesOfRun, RunKind, type TopLevel } from './top-level.js';
import { readBoxHeader } from './walk.js';

/** An `emsg` box of a file. */
export interface EventMessage {
  readonly emsg: Emsg;
  /** Offset and size of its message_data. */
  readonly messageStartBytes: number;
  readonly messageBytes: number;
}

/** More than the texts of any real box; the message behind them is not read. */
const MAX_HEAD_BYTES = 64 * 1024;

/**
 * Reads a box of type `emsg`.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readEventMessage(source: ByteSource, { startBytes, sizeBytes }: BoxExtent): EventMessage {
  const bytes = readBytes(source, startBytes, Math.min(sizeBytes, MAX_HEAD_BYTES));
  const { headerBytes } = readBoxHeader(bytes, startBytes, '')!; // the box was found by it
  const place = { boxPath: 'emsg', offsetBytes: startBytes + headerBytes };
  const reader = new ByteReader(bytes.subarray(headerBytes), place);
  const emsg = readEmsg(reader);
  const before = headerBytes + reader.position;
  return { emsg, messageStartBytes: startBytes + before, messageBytes: sizeBytes - before };
}

/** The boxes among which `emsg` boxes are: those that say nothing of where samples are. */
export function* otherBoxesOf(topLevel: TopLevel, source: ByteSource): Generator<BoxExtent> {
  for (let run = 0; run < topLevel.count; run++) {
    const kind = topLevel.kinds[run];
    if (kind === RunKind.Other || kind === RunKind.Meta) yield* boxesOfRun(source, topLevel, run);
  }
}

/** Kinds of events, by what names them. */
export interface EventKind {
  readonly schemeIdUri: string;
  /** Absent where it is empty. */
  readonly value?: string;
}

/**
 * The kinds of the events in a file, each once.
 * @throws PrpackError MALFORMED_INPUT
 */
export function eventKindsOf(topLevel: TopLevel, source: ByteSource): EventKind[] {
  const kinds = new Map<string, EventKind>();
  for (const box of otherBoxesOf(topLevel, source)) {
    if (box.type !== 'emsg') continue;
    const { emsg } = readEventMessage(source, box);
    const [schemeIdUri, value] = [emsg.schemeIdUri, emsg.value].map((text) =>
      Buffer.from(text).toString('utf8'),
    );
    kinds.set(`${schemeIdUri}\0${value}`, { schemeIdUri, ...(value !== '' && { value }) });
  }
  return [...kinds.values()];
}

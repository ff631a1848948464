import { toBase64 } from '../../bytes/hex.js';
import { childElements, escapeXml, textOf, type XmlElement } from '../../bytes/xml.js';
import { SYSTEM_IDS } from '../../drm/system-ids.js';
import { PrpackError } from '../../errors.js';
import { durationAsSeconds } from '../../keys/crypto-period.js';
import type { OpenedKey } from '../content-keys.js';
import { envelopeOf, noMessage, PLAYREADY_PROTOCOLS } from './soap.js';

const NAMESPACE = `${PLAYREADY_PROTOCOLS}/AcquirePackagingData/v1.0`;

/** Streams of one request. */
const MAX_STREAMS = 100;
/** Longest ProgramIdentifier, in characters. */
const MAX_IDENTIFIER = 1024;

/** A stream with the key it is to be encrypted with, and the PlayReady Object that names it. */
export interface PackagedStream {
  readonly programIdentifier: string;
  readonly key: OpenedKey;
  readonly playReadyObject: Uint8Array;
}

/** A stream that a key is wanted for. */
export interface WantedStream {
  readonly programIdentifier: string;
  /** Index of the crypto period, where keys rotate: RequestInterval is its length, OffsetFromProgramStart its start. */
  readonly period?: number;
}

/**
 * The streams of a request. Without RequestInterval, or with one of no length, a program has one key.
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE when PlayReady is not asked for
 */
export function readPackagingRequest(operation: XmlElement): WantedStream[] {
  const challenge = one(operation, 'challenge');
  const systems = childElements(one(challenge, 'ProtectionSystems'), 'ProtectionSystemId').map((id) =>
    textOf(id).toLowerCase(),
  );
  if (!systems.includes(SYSTEM_IDS.playready)) throw notPlayReady();
  const streams = childElements(one(challenge, 'StreamProtectionRequests'), 'StreamInformation');
  if (streams.length === 0 || streams.length > MAX_STREAMS) {
    throw noMessage(`the message does not name from 1 to ${MAX_STREAMS} streams`);
  }
  return streams.map((stream) => {
    const identifier = textOf(one(stream, 'ProgramIdentifier'));
    if (identifier === '' || identifier.length > MAX_IDENTIFIER) {
      throw noMessage(`a ProgramIdentifier does not have from 1 to ${MAX_IDENTIFIER} characters`);
    }
    const period = periodOf(stream);
    return { programIdentifier: identifier, ...(period !== undefined && { period }) };
  });
}

/** Times are written with microseconds: a period that begins a little early is not the one before. */
const TIME_TOLERANCE = 0.001;

function periodOf(stream: XmlElement): number | undefined {
  const interval = timeOf(stream, 'RequestInterval');
  if (interval === 0) return undefined;
  const offset = timeOf(stream, 'OffsetFromProgramStart');
  const index = Math.floor(offset / interval + TIME_TOLERANCE);
  if (Number.isSafeInteger(index)) return index;
  throw noMessage('the RequestInterval is too short for the OffsetFromProgramStart');
}

/** Seconds of an xs:duration; 0 where it is left out. */
function timeOf(stream: XmlElement, localName: string): number {
  const [element] = childElements(stream, localName);
  const seconds = element ? durationAsSeconds(textOf(element)) : 0;
  if (seconds !== undefined) return seconds;
  throw noMessage(`${localName} is not a duration of days, hours, minutes and seconds`);
}

/** The answer. Packagers search it for the leaves KeyId, KeyData and Data as text: they carry no prefix, and come in this order. */
export function writePackagingResponse(streams: readonly PackagedStream[]): string {
  const written = streams.map(
    ({ programIdentifier, key, playReadyObject }) =>
      `<StreamProtectionData><ProgramIdentifier>${escapeXml(programIdentifier)}</ProgramIdentifier>` +
      `<KeyId>${key.record.kid}</KeyId><KeyData>${toBase64(key.key.revealBytes())}</KeyData>` +
      `<ProtectionSystem><ProtectionSystemId>${SYSTEM_IDS.playready}</ProtectionSystemId>` +
      `<Data>${toBase64(playReadyObject)}</Data></ProtectionSystem></StreamProtectionData>`,
  );
  return envelopeOf(
    `<AcquirePackagingDataResponse xmlns="${PLAYREADY_PROTOCOLS}"><AcquirePackagingDataResult>` +
      `<response xmlns="${NAMESPACE}">${written.join('')}</response>` +
      '</AcquirePackagingDataResult></AcquirePackagingDataResponse>',
  );
}

/** The one child of that name. */
function one(parent: XmlElement, localName: string): XmlElement {
  const found = childElements(parent, localName);
  if (found.length === 1) return found[0]!;
  throw noMessage(
    `the message has ${found.length === 0 ? 'no' : 'more than one'} ${localName} where one belongs`,
  );
}

function notPlayReady(): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', 'the message does not ask for protection by PlayReady', {
    expected: SYSTEM_IDS.playready,
    remedy: 'Name the system id of PlayReady as a ProtectionSystemId.',
  });
}

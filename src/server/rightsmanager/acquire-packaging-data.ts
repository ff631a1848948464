import { toBase64 } from '../../bytes/hex.js';
import { childElements, escapeXml, textOf, type XmlElement } from '../../bytes/xml.js';
import { SYSTEM_IDS } from '../../drm/system-ids.js';
import { PrpackError } from '../../errors.js';
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

/**
 * The ProgramIdentifier of every stream of a request. When in the program a key is wanted is not looked at: a program
 * has one key.
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE when PlayReady is not asked for
 */
export function readPackagingRequest(operation: XmlElement): string[] {
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
    if (identifier !== '' && identifier.length <= MAX_IDENTIFIER) return identifier;
    throw noMessage(`a ProgramIdentifier does not have from 1 to ${MAX_IDENTIFIER} characters`);
  });
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

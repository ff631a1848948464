import { fromBase64 } from '../../bytes/hex.js';
import { childElements, parseXml, textOf, type XmlElement } from '../../bytes/xml.js';
import { verifyPlayReadyChecksum } from '../../drm/playready/checksum.js';
import { type PlayReadyHeaderKid, readPlayReadyHeader } from '../../drm/playready/header-reader.js';
import { isPlayReadyObject, readPlayReadyObject } from '../../drm/playready/object.js';
import { PrpackError } from '../../errors.js';
import { ContentKey } from '../content-key.js';
import { type KeyId, parseKeyId } from '../key-id.js';

/** An answer holds a key and a PlayReady Object, which has at most 15 KB: this is many times that. */
const MAX_ANSWER_CHARACTERS = 1024 * 1024;
const ANSWER_LIMITS = { elements: 10_000, attributes: 10_000 };

/** What a PlayReady server gives a packager. */
export interface PackagingData {
  readonly kid: KeyId;
  readonly key: ContentKey;
  /** PlayReady Object: the data of the `pssh` box, not the box. */
  readonly pro?: Uint8Array;
}

/**
 * Reads an answer to AcquirePackagingData. How its elements are nested is not public: they are found by local name, at any depth. KID, key
 * and PlayReady Object must agree.
 * @param url what messages call the server
 * @throws PrpackError KEY_SOURCE_FAILED, which repeats nothing of the answer
 */
export function readPackagingData(xml: string, url: string): PackagingData {
  const root = parseAnswer(xml, url);
  if (descendants(root, 'Fault').length > 0) throw soapFault(root, url);
  const kid = parsed(
    onlyText(root, 'KeyId', url),
    (text) => parseKeyId(text.replace(/^\{|\}$/g, '')),
    url,
    'KeyId',
  );
  const key = parsed(
    onlyText(root, 'KeyData', url),
    (text) => ContentKey.fromBytes(fromBase64(text) ?? new Uint8Array()),
    url,
    'KeyData',
  );
  const objects = descendants(root, 'Data').flatMap((element) => playReadyObjects(textOf(element)));
  const [pro] = objects;
  if (!pro && descendants(root, 'Data').length > 0)
    throw badAnswer(url, 'sent Data that is no PlayReady Object');
  if (pro) assertAgreement(pro, kid, key, url);
  return { kid, key, ...(pro && { pro }) };
}

function parseAnswer(xml: string, url: string): XmlElement {
  if (xml.length > MAX_ANSWER_CHARACTERS) throw badAnswer(url, 'sent an answer that is too long');
  return parseXml(xml, () => badAnswer(url, 'sent an answer that is not well-formed XML'), ANSWER_LIMITS);
}

/** The text of the elements of that name, which must be there and agree: a file has one key. */
function onlyText(root: XmlElement, name: string, url: string): string {
  const texts = new Set(descendants(root, name).map((element) => textOf(element).replace(/\s+/g, '')));
  const [text] = texts;
  if (texts.size === 1 && text !== '') return text;
  const found = texts.size > 1 ? `${texts.size} different values of` : 'no';
  throw badAnswer(url, `sent an answer with ${found} ${name}`);
}

function parsed<T>(text: string, parse: (text: string) => T, url: string, name: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof PrpackError) throw badAnswer(url, `sent a ${name} of the wrong form`);
    throw error;
  }
}

function playReadyObjects(base64: string): Uint8Array[] {
  const bytes = fromBase64(base64.replace(/\s+/g, ''));
  return bytes && isPlayReadyObject(bytes) ? [bytes] : [];
}

/** A header that lists other KIDs, or the checksum of another key, would make content that nobody can play. */
function assertAgreement(pro: Uint8Array, kid: KeyId, key: ContentKey, url: string): void {
  const keys = keysOfHeader(pro, url);
  if (keys.length === 0) return; // a header for keys that are on demand
  const entry = keys.find((listed) => listed.kid === kid);
  if (!entry) throw badAnswer(url, `sent a PlayReady header that does not list KID ${kid}`);
  if (!entry.checksum || verifyPlayReadyChecksum(kid, key.revealBytes(), entry.checksum)) return;
  throw badAnswer(url, `sent a PlayReady header whose checksum is not that of the key of KID ${kid}`);
}

function keysOfHeader(pro: Uint8Array, url: string): readonly PlayReadyHeaderKid[] {
  try {
    return readPlayReadyHeader(readPlayReadyObject(pro).header!).keys;
  } catch (error) {
    if (error instanceof PrpackError) throw badAnswer(url, 'sent a PlayReady header that cannot be read');
    throw error;
  }
}

/** What the status of a SOAP fault means (Microsoft, PlayReady Server SDK). */
const STATUS_MEANINGS: Readonly<Record<string, readonly [string, string]>> = {
  '0X8004C600': ['an internal error', 'Look into the log of the PlayReady server.'],
  '0X8004C601': [
    'the message is not valid',
    'Check the program identifier, and that the server supports AcquirePackagingData.',
  ],
};

function soapFault(root: XmlElement, url: string): PrpackError {
  const status = descendants(root, 'StatusCode')
    .map(textOf)
    .find((text) => /^0x[0-9a-f]{8}$/i.test(text));
  const [meaning, remedy] = STATUS_MEANINGS[status?.toUpperCase() ?? ''] ?? [
    'an error that is not known here',
    'Look into the log of the PlayReady server.',
  ];
  const code = status ? ` ${status}` : '';
  return new PrpackError('KEY_SOURCE_FAILED', `${url} answered with a SOAP fault${code}: ${meaning}`, {
    ...(status && { received: status }),
    remedy,
  });
}

/** Whether a text is a SOAP message with a fault: then that says more than the status of the answer. */
export function soapFaultOf(xml: string, url: string): PrpackError | undefined {
  try {
    const root = parseAnswer(xml, url);
    return descendants(root, 'Fault').length > 0 ? soapFault(root, url) : undefined;
  } catch (error) {
    if (error instanceof PrpackError) return undefined;
    throw error;
  }
}

/** Elements of a local name at any depth, in document order. The parser has limited the depth. */
function descendants(root: XmlElement, name: string): XmlElement[] {
  return childElements(root).flatMap((child) => [
    ...(child.localName === name ? [child] : []),
    ...descendants(child, name),
  ]);
}

function badAnswer(url: string, problem: string): PrpackError {
  return new PrpackError('KEY_SOURCE_FAILED', `${url} ${problem}`, {
    remedy: 'Check that the URL is that of a PlayReady server which supports AcquirePackagingData.',
  });
}

import { childElements, escapeXml, parseXml, type XmlElement } from '../../bytes/xml.js';
import { PrpackError } from '../../errors.js';

/** Namespaces of the envelope of SOAP 1.1 and 1.2. */
const SOAP_NAMESPACES: readonly string[] = [
  'http://schemas.xmlsoap.org/soap/envelope/',
  'http://www.w3.org/2003/05/soap-envelope',
];

/** Namespace of the operations of a PlayReady server. */
export const PLAYREADY_PROTOCOLS = 'http://schemas.microsoft.com/DRM/2007/03/protocols';

/** HRESULTs of a PlayReady server (Microsoft, "PlayReady Server SDK error codes"). */
export const STATUS = { internal: '0x8004C600', invalidMessage: '0x8004C601' } as const;

export interface Fault {
  readonly side: 'Client' | 'Server';
  readonly statusCode: string;
  readonly message: string;
}

/**
 * The one child of the body of an envelope.
 * @throws PrpackError MALFORMED_INPUT, which does not quote the message
 */
export function readEnvelope(message: Uint8Array): XmlElement {
  const envelope = parseXml(decode(message), (_reason) => noMessage('the message is not well-formed XML'));
  const isEnvelope = envelope.localName === 'Envelope' && SOAP_NAMESPACES.includes(envelope.namespace);
  const [body] = isEnvelope ? childElements(envelope, 'Body') : [];
  const [operation] = body ? childElements(body) : [];
  if (!operation) throw noMessage('the message is not a SOAP envelope with an operation in its body');
  return operation;
}

export function noMessage(problem: string): PrpackError {
  return new PrpackError('MALFORMED_INPUT', problem, {
    clause: 'SOAP 1.1, 4',
    remedy: 'Send a SOAP 1.1 envelope in UTF-8, without a document type.',
  });
}

/** An answer; `content` is XML. */
export function envelopeOf(content: string): string {
  return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="${SOAP_NAMESPACES[0]}"><soap:Body>${content}</soap:Body></soap:Envelope>`;
}

/** A fault as PlayReady servers write it (SOAP 1.1, 4.4). */
export function faultOf({ side, statusCode, message }: Fault): string {
  const text = escapeXml(message);
  return envelopeOf(
    `<soap:Fault><faultcode>soap:${side}</faultcode><faultstring>${text}</faultstring><detail><Exception><StatusCode>${statusCode}</StatusCode></Exception></detail></soap:Fault>`,
  );
}

function decode(message: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(message);
  } catch {
    throw noMessage('the message is not UTF-8 text');
  }
}

import type { IncomingHttpHeaders } from 'node:http';
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

/** A license challenge has about 100 elements, a request of packaging data for 100 streams about 600. */
const MESSAGE_LIMITS = { elements: 2000, attributes: 2000 };

/**
 * The operation of a message: the one child of the one body of an envelope, in the namespace of PlayReady.
 * @throws PrpackError MALFORMED_INPUT, which does not quote the message
 */
export function readEnvelope(message: Uint8Array): XmlElement {
  const envelope = parseXml(
    decode(message),
    (_reason) => noMessage('the message is not well-formed XML, or has too many elements'),
    MESSAGE_LIMITS,
  );
  const isEnvelope = envelope.localName === 'Envelope' && SOAP_NAMESPACES.includes(envelope.namespace);
  const bodies = isEnvelope ? childElements(envelope, 'Body') : [];
  const operations = bodies.flatMap((body) => childElements(body));
  const [operation] = operations;
  if (!operation || operations.length > 1 || bodies.length > 1) {
    throw noMessage('the message is not a SOAP envelope with one operation in its body');
  }
  if (operation.namespace !== PLAYREADY_PROTOCOLS) {
    throw noMessage(`the operation of the message is not of the namespace ${PLAYREADY_PROTOCOLS}`);
  }
  return operation;
}

/**
 * The operation that the headers of a request name: by SOAPAction (SOAP 1.1, 6.1.1), or by the parameter `action` of the
 * Content-Type (SOAP 1.2 part 2, 6.5.3). undefined when they name none.
 * @throws PrpackError MALFORMED_INPUT when an action is not one of PlayReady, or two of them differ
 */
export function namedOperation(headers: IncomingHttpHeaders): string | undefined {
  const [, parameter] = /;\s*action="?([^";\s]*)/i.exec(headers['content-type'] ?? '') ?? [];
  const actions = [headers.soapaction, parameter].map((action) =>
    `${action ?? ''}`.replace(/^"(.*)"$/, '$1'),
  );
  const [name, another] = new Set(actions.filter((action) => action !== '').map(operationOfAction));
  if (another !== undefined) throw noMessage('the headers of the message name different operations');
  return name;
}

function operationOfAction(action: string): string {
  const name = action.startsWith(`${PLAYREADY_PROTOCOLS}/`) && action.slice(PLAYREADY_PROTOCOLS.length + 1);
  if (name && /^\w+$/.test(name)) return name;
  throw noMessage('the SOAPAction does not name an operation of a PlayReady server');
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

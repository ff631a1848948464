import { Transform } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest, RequestPayload } from 'fastify';
import type { XmlElement } from '../../bytes/xml.js';
import { type ServerContext, storeOf } from '../context.js';
import { Problem, problemHeaders, problemOf } from '../problem.js';
import { systemData } from '../protection.js';
import {
  type PackagedStream,
  readPackagingRequest,
  type WantedStream,
  writePackagingResponse,
} from './acquire-packaging-data.js';
import { forward } from './forward.js';
import { faultOf, namedOperation, noMessage, readEnvelope, STATUS } from './soap.js';

export const RIGHTS_MANAGER_PATH = '/playready/rightsmanager.asmx';

const XML = 'text/xml; charset=utf-8';

/** Operations of a PlayReady server that only Microsoft's Server SDK can carry out. */
const UPSTREAM_OPERATIONS: readonly string[] = [
  'AcquireLicense',
  'AcknowledgeLicense',
  'JoinDomain',
  'LeaveDomain',
  'GetMeteringCertificate',
  'ProcessMeteringData',
  'ProcessSecureStopData',
  'ProcessDeleteLicenseData',
];

/** What AcquirePackagingData needs: it makes keys, and it hands out those that are there. */
const PACKAGING_SCOPES = ['register', 'read-keys'] as const;

/**
 * Largest message of a caller who has not shown who it is: players have no credentials of this server. A license challenge has
 * about 20 KB; reports of metering have more.
 */
const OPEN_BODY_BYTES = 256 * 1024;

/** The RightsManager of a PlayReady server, as far as packaging needs it; `upstream` is one that knows the rest. */
export function rightsManagerRoutes(app: FastifyInstance, context: ServerContext, upstream?: URL): void {
  app.removeAllContentTypeParsers();
  // Bodies as they came: what is forwarded has to keep its bytes.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
  app.setErrorHandler(answerFault);
  app.post(
    RIGHTS_MANAGER_PATH,
    {
      schema: { hide: true },
      preParsing: async (request, reply, payload) => {
        if (isOpen(namedOperation(request.headers), upstream)) return limitBody(request, reply, payload);
        await context.access.admit(request, reply, PACKAGING_SCOPES);
        return payload;
      },
    },
    async (request, reply) => {
      const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
      const message = readMessage(request, body);
      if (message.localName === 'AcquirePackagingData') {
        if (!request.principal) await context.access.admit(request, reply, PACKAGING_SCOPES);
        return packagingData(context, request, reply, message);
      }
      return forward(upstreamFor(message.localName, upstream), request, reply, body);
    },
  );
}

/**
 * Whether the body of a message may be read before the caller has shown who it is: where it is for the upstream, or where only
 * the body says that it is.
 */
function isOpen(operation: string | undefined, upstream: URL | undefined): boolean {
  if (operation === 'AcquirePackagingData') return false;
  if (operation !== undefined) upstreamFor(operation, upstream);
  return upstream !== undefined;
}

/** @throws PrpackError, Problem when there is nobody that knows the operation */
function upstreamFor(operation: string, upstream: URL | undefined): URL {
  if (!UPSTREAM_OPERATIONS.includes(operation)) throw noMessage('the message asks for an unknown operation');
  if (!upstream) throw needsUpstream(operation);
  return upstream;
}

function limitBody(request: FastifyRequest, reply: FastifyReply, payload: RequestPayload): RequestPayload {
  const tooLarge = () => {
    reply.header('connection', 'close'); // the rest is not read
    return new Problem(413, 'TOO_LARGE', `the message has more than ${OPEN_BODY_BYTES} bytes`);
  };
  if (Number(request.headers['content-length']) > OPEN_BODY_BYTES) throw tooLarge();
  let sizeBytes = 0;
  const limited = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      sizeBytes += chunk.length;
      if (sizeBytes > OPEN_BODY_BYTES) done(tooLarge());
      else done(null, chunk);
    },
  });
  payload.on('error', (error) => limited.destroy(error));
  return payload.pipe(limited);
}

/**
 * The operation of a message, which its headers must not contradict: who reads only one of the two, such as an upstream or what
 * stands in front of it, must come to the same.
 */
function readMessage({ headers }: FastifyRequest, body: Uint8Array): XmlElement {
  const message = readEnvelope(body);
  const named = namedOperation(headers);
  if (named === undefined || named === message.localName) return message;
  throw noMessage('the SOAPAction and the message name different operations');
}

async function packagingData(
  context: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  operation: XmlElement,
): Promise<FastifyReply> {
  if (!/^(?:text\/xml|application\/soap\+xml)\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'the message has to be sent as text/xml');
  }
  const streams: PackagedStream[] = [];
  for (const wanted of readPackagingRequest(operation)) {
    streams.push(await packageStream(context, request, wanted));
  }
  return reply.type(XML).send(writePackagingResponse(streams));
}

async function packageStream(
  context: ServerContext,
  request: FastifyRequest,
  { programIdentifier, period }: WantedStream,
): Promise<PackagedStream> {
  const url = context.laUrl === undefined ? {} : { laUrl: context.laUrl };
  const [key] = await context.contentKeys.get(storeOf(context, request), {
    contentId: programIdentifier,
    algorithm: 'AESCTR',
    labels: [undefined],
    ...(period !== undefined && { period }),
    ...url,
  });
  context.metrics.releases.inc({ by: 'rightsmanager' });
  const laUrl = key!.record.laUrl ?? context.laUrl;
  const playReadyObject = systemData('playready', {
    keys: [key!],
    scheme: 'cenc',
    ...(laUrl !== undefined && { laUrl }),
  });
  return { programIdentifier, key: key!, playReadyObject };
}

function needsUpstream(operation: string): Problem {
  return new Problem(
    500,
    'UNSUPPORTED_FEATURE',
    `${operation} needs Microsoft's PlayReady Server SDK, and no server that has it was named with --rightsmanager-upstream`,
  );
}

/** Faults come with HTTP 500 (SOAP 1.1, 6.2), but for what HTTP itself has to know. */
function answerFault(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const body = problemOf(error, request.id);
  const { status, detail } = body;
  const isInvalid = status === 400;
  const isClient = status < 500;
  if (!isClient) request.log.error({ err: error }, 'failed');
  reply
    .code(isInvalid ? 500 : status)
    .headers(problemHeaders(body))
    .type(XML)
    .send(
      faultOf({
        side: isClient ? 'Client' : 'Server',
        statusCode: isInvalid ? STATUS.invalidMessage : STATUS.internal,
        message: detail,
      }),
    );
}

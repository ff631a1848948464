import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ServerContext, storeOf } from '../context.js';
import { Problem, problemHeaders, problemOf } from '../problem.js';
import { systemData } from '../protection.js';
import {
  type PackagedStream,
  readPackagingRequest,
  writePackagingResponse,
} from './acquire-packaging-data.js';
import { forward } from './forward.js';
import { faultOf, noMessage, readEnvelope, STATUS } from './soap.js';

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

/** The RightsManager of a PlayReady server, as far as packaging needs it; `upstream` is one that knows the rest. */
export function rightsManagerRoutes(app: FastifyInstance, context: ServerContext, upstream?: URL): void {
  app.removeAllContentTypeParsers();
  // Bodies as they came: what is forwarded has to keep its bytes.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
  app.setErrorHandler(answerFault);
  app.post(RIGHTS_MANAGER_PATH, { schema: { hide: true } }, async (request, reply) => {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const operation = operationOf(request, body);
    if (operation === 'AcquirePackagingData') return packagingData(context, request, reply, body);
    if (!UPSTREAM_OPERATIONS.includes(operation))
      throw noMessage('the message asks for an unknown operation');
    if (!upstream) throw needsUpstream(operation);
    return forward(upstream, request, reply, body);
  });
}

/** The last part of the SOAPAction (SOAP 1.1, 6.1.1), else the name of the element in the body. */
function operationOf({ headers }: FastifyRequest, body: Uint8Array): string {
  const action = headers.soapaction ?? /action="([^"]*)"/.exec(headers['content-type'] ?? '')?.[1];
  const [, name] = /\/(\w+)"?$/.exec(`${action ?? ''}`) ?? [];
  return name ?? readEnvelope(body).localName;
}

async function packagingData(
  context: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Uint8Array,
): Promise<FastifyReply> {
  // It makes keys, and it hands out those that are there.
  await context.access.admit(request, reply, ['register', 'read-keys']);
  if (!/^(?:text\/xml|application\/soap\+xml)\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'the message has to be sent as text/xml');
  }
  const operation = readEnvelope(body);
  if (operation.localName !== 'AcquirePackagingData') {
    throw noMessage('the SOAPAction and the message name different operations');
  }
  const streams: PackagedStream[] = [];
  for (const programIdentifier of readPackagingRequest(operation)) {
    streams.push(await packageStream(context, request, programIdentifier));
  }
  return reply.type(XML).send(writePackagingResponse(streams));
}

async function packageStream(
  context: ServerContext,
  request: FastifyRequest,
  programIdentifier: string,
): Promise<PackagedStream> {
  const url = context.laUrl === undefined ? {} : { laUrl: context.laUrl };
  const [key] = await context.contentKeys.get(storeOf(context, request), {
    contentId: programIdentifier,
    algorithm: 'AESCTR',
    labels: [undefined],
    ...url,
  });
  context.metrics.releases.inc({ by: 'rightsmanager' });
  const laUrl = key!.record.laUrl ?? context.laUrl;
  const playReadyObject = systemData('playready', { keys: [key!], ...(laUrl !== undefined && { laUrl }) });
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

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PrpackError } from '../../errors.js';
import { readCertificate } from '../../keys/cpix/key-encryption.js';
import { readCpix } from '../../keys/cpix/reader.js';
import { writeCpix } from '../../keys/cpix/writer.js';
import { CPIX_VERSION_OF } from '../../keys/speke/request.js';
import { type ServerContext, storeOf } from '../context.js';
import { type ProblemBody, problemHeaders, problemOf } from '../problem.js';
import { answerSpeke, MAX_KEYS } from './answer.js';
import { assertContract, SpekeRefusal, schemeOfRequest, spekeVersionOf } from './contract.js';

/** Paths of the versions, as encryptors are used to them. */
export const SPEKE_PATHS = { 1: '/speke/v1.0/copyProtection', 2: '/speke/v2.0/copyProtection' } as const;

/** Types that a CPIX document is sent as. */
const XML_TYPES = ['application/xml', 'text/xml'];

/** A request for 500 keys, each with three systems and a rule with filters, has about 14,000 elements. */
const LIMITS = { elements: 20_000, attributes: 20_000 };

/** A key provider for encryptors that speak SPEKE 1.0, 2.0 or 2.1 (CPIX over HTTP). */
export function spekeRoutes(app: FastifyInstance, context: ServerContext): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(XML_TYPES, { parseAs: 'string' }, async (_: unknown, body: string) => body);
  app.setErrorHandler(answerRefusal);
  for (const path of [1, 2] as const) {
    app.post(
      SPEKE_PATHS[path],
      { config: { demand: ['register', 'read-keys'] }, schema: { hide: true } },
      async (request, reply) => answer(context, path, request, reply),
    );
  }
}

async function answer(
  context: ServerContext,
  path: 1 | 2,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const version = spekeVersionOf(path, headerOf(request));
  const document = readCpix(typeof request.body === 'string' ? request.body : '', { limits: LIMITS });
  const contentId = assertContract(document, version);
  const { length } = document.contentKeys;
  if (length === 0 || length > MAX_KEYS)
    throw new SpekeRefusal(`Not from 1 to ${MAX_KEYS} ContentKey elements`);
  document.recipients.forEach(readCertificate); // before keys are made that could not be sent
  const { laUrl, contentKeys, metrics } = context;
  const answered = await answerSpeke(document, {
    store: storeOf(context, request),
    contentKeys,
    contentId,
    scheme: schemeOfRequest(document),
    ...(laUrl !== undefined && { laUrl }),
  });
  metrics.releases.inc({ by: 'speke' }, length);
  reply.header('x-speke-user-agent', 'prpack');
  if (version !== '1.0') reply.header('x-speke-version', version);
  return reply.type('application/xml').send(writeCpix(answered, CPIX_VERSION_OF[version]));
}

function headerOf({ headers }: FastifyRequest): string | undefined {
  const header = headers['x-speke-version'];
  return typeof header === 'string' ? header : header?.[0];
}

/** One line of text. What cannot be read as CPIX is 422, too; its error says nothing of what stands in the document. */
function answerRefusal(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const isRefusal = error instanceof SpekeRefusal || (error instanceof PrpackError && isOfDocument(error));
  const body: Pick<ProblemBody, 'status' | 'detail' | 'retryAfterSeconds'> = isRefusal
    ? { status: 422, detail: (error as Error).message }
    : problemOf(error, request.id);
  const { status, detail } = body;
  if (status >= 500) request.log.error({ err: error }, 'failed');
  reply.code(status).headers(problemHeaders(body)).type('text/plain; charset=utf-8').send(`${detail}\n`);
}

/** Of the reader and writer of CPIX, and not of the key store, whose KEY_INVALID is its key-encryption key. */
function isOfDocument({ code, message }: PrpackError): boolean {
  return (code === 'KEY_INVALID' || code === 'KEY_REQUIRED') && message.includes('CPIX document');
}

import { readFile } from 'node:fs/promises';
import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { PrpackError } from '../../errors.js';
import { packageFile } from '../../package-file.js';
import { type Licensor, licenseOf } from '../clear-key/license.js';
import { decide, LicenseRequest } from '../clear-key/routes.js';
import { addJsonParser } from '../json-body.js';
import { PROBLEM_TYPE, Problem, problemOf } from '../problem.js';

const HOST = '127.0.0.1';

/** What the files of a page are, by their extensions. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** Everything from this server and nothing from elsewhere; `blob:` is what Media Source Extensions play from. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    'default-src': ["'self'"],
    'media-src': ["'self'", 'blob:'],
    'img-src': ["'self'", 'data:'],
    'frame-ancestors': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
  },
};

/** What every page that plays something is made of. */
export interface PageOptions {
  readonly licensor: Licensor;
  /** Where licenses come from, in words for the page. */
  readonly keysFrom: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** A page, and what is served with it. */
export interface Page {
  /** File of the page at `/`. */
  readonly html: string;
  /** Files that it loads, each at its name. All lie in `page/`. */
  readonly files: readonly string[];
  readonly addRoutes: (app: FastifyInstance) => void;
}

export interface Player {
  /** Address of the page. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a page with Clear Key licenses at `/license`, to this machine alone.
 * @throws PrpackError INVALID_ARGUMENT when it cannot listen
 */
export async function servePage(
  { html, files, addRoutes }: Page,
  { licensor, port }: PageOptions,
): Promise<Player> {
  const app = fastify({ forceCloseConnections: true });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeAllContentTypeParsers();
  addJsonParser(app, '*'); // players send the request of the browser under whatever type they like
  app.addHook('onRequest', async (request) => assertNoStrangers(request));
  app.setErrorHandler((error, request, reply) => {
    const body = problemOf(error, request.id);
    reply.code(body.status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(body);
  });
  await app.register(helmet, { contentSecurityPolicy: CONTENT_SECURITY_POLICY, hsts: false });
  await addFile(app, '/', html);
  for (const file of files) await addFile(app, `/${file}`, file);
  addLicenses(app, licensor);
  addRoutes(app);
  await listen(app, port);
  const { port: bound } = app.server.address() as { port: number };
  return { url: `http://${HOST}:${bound}/`, close: () => app.close() };
}

async function addFile(app: FastifyInstance, path: string, file: string): Promise<void> {
  const content = await readFile(packageFile(`src/server/player/page/${file}`));
  const type = TYPES[file.split('.').at(-1)!]!;
  app.get(path, async (_request, reply) =>
    reply.type(type).header('cache-control', 'no-cache').send(content),
  );
}

function addLicenses(app: FastifyInstance, licensor: Licensor): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.post('/license', { schema: { body: LicenseRequest } }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return licenseOf(await decide(licensor, request.body.kids));
  });
}

/**
 * Pages of others cannot ask: a browser that was led here by a name of theirs sends that name as the host (DNS rebinding), and
 * requests of their own carry their origin.
 */
function assertNoStrangers({ headers, socket }: FastifyRequest): void {
  const hosts = [HOST, 'localhost'].map((host) => `${host}:${socket.localPort}`);
  const isOwn =
    hosts.includes(headers.host ?? '') &&
    hosts
      .map((host) => `http://${host}`)
      .concat('')
      .includes(headers.origin ?? '');
  if (!isOwn) throw new Problem(403, 'FORBIDDEN', 'this page is for the browser of this machine alone');
}

async function listen(app: FastifyInstance, port: number): Promise<void> {
  try {
    await app.listen({ host: HOST, port });
  } catch (error) {
    await app.close();
    const { code } = error as NodeJS.ErrnoException;
    throw new PrpackError(
      'INVALID_ARGUMENT',
      `the player cannot listen on port ${port} (${code})`,
      { remedy: 'Take another port with --port, or leave --port out for one that is free.' },
      error,
    );
  }
}

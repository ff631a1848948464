import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { algorithmOf } from '../../keys/algorithm.js';
import { type ServerContext, storeOf } from '../context.js';
import { Problem } from '../problem.js';
import { systemData } from '../protection.js';
import { type App, REFUSALS, SECURITY } from '../rest/common.js';
import {
  readWidevineRequest,
  SignedRequest,
  WidevineRefusal,
  type WidevineRequest,
  type WidevineTrack,
  writeWidevineRefusal,
  writeWidevineResponse,
} from './message.js';

const Response = z.object({ response: z.string().describe('base64 of the JSON answer') });

/** Systems whose `pssh` data is made, by the API's names of them. */
const SYSTEMS = { WIDEVINE: 'widevine', PLAYREADY: 'playready' } as const;

/**
 * The Widevine Common Encryption API. The signature of the request is not what opens it here, as its key would be one more secret to share:
 * the caller shows a token or certificate as everywhere.
 */
export function widevineRoutes(app: App, context: ServerContext): void {
  app.post(
    '/widevine/getcontentkey',
    {
      config: { demand: ['register', 'read-keys'] },
      schema: {
        operationId: 'widevineGetContentKey',
        summary: 'Get or make the keys of a content by the Widevine Common Encryption API',
        tags: ['packagers'],
        security: SECURITY,
        body: SignedRequest,
        response: { 200: Response, ...REFUSALS },
      },
    },
    async (request) => (await answer(context, request)) as never,
  );
}

async function answer(context: ServerContext, request: FastifyRequest): Promise<object> {
  try {
    const { request: encoded } = request.body as z.output<typeof SignedRequest>;
    return writeWidevineResponse(await tracksOf(context, request, readWidevineRequest(encoded)));
  } catch (error) {
    if (error instanceof WidevineRefusal) return writeWidevineRefusal(error.status);
    if (error instanceof Problem) throw error;
    request.log.error({ err: error }, 'failed');
    return writeWidevineRefusal('INTERNAL_ERROR'); // packagers try again
  }
}

async function tracksOf(
  context: ServerContext,
  request: FastifyRequest,
  wanted: WidevineRequest,
): Promise<WidevineTrack[]> {
  const tracks: WidevineTrack[] = [];
  for (const period of wanted.periods) tracks.push(...(await periodTracks(context, request, wanted, period)));
  return tracks;
}

async function periodTracks(
  context: ServerContext,
  request: FastifyRequest,
  { contentId, trackTypes, scheme, drmTypes }: WidevineRequest,
  period: number | undefined,
): Promise<WidevineTrack[]> {
  const { laUrl } = context;
  const keys = await context.contentKeys.get(storeOf(context, request), {
    contentId,
    algorithm: algorithmOf({ scheme }),
    ...(period !== undefined && { period }),
    labels: trackTypes,
    ...(laUrl !== undefined && { laUrl }),
  });
  context.metrics.releases.inc({ by: 'widevine' }, keys.length);
  const content = { keys, scheme, contentId, ...(laUrl !== undefined && { laUrl }) };
  const types = Object.entries(SYSTEMS).filter(([type]) => drmTypes.includes(type));
  const pssh = new Map(types.map(([type, system]) => [type, systemData(system, content)]));
  return trackTypes.map((type, i) => ({ type, period, key: keys[i]!, pssh }));
}

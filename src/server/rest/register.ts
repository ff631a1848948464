import { PrpackError } from '../../errors.js';
import { type ServerContext, storeOf } from '../context.js';
import { type App, PROBLEM, REFUSALS, SECURITY } from './common.js';
import { type RegistrationResult, registerAll, registerEach, toRegistration } from './registration.js';
import { NewKidParams, RegisteredKey, Registration, RegistrationResults, Registrations } from './schemas.js';

export function registerRoutes(app: App, context: ServerContext): void {
  app.put(
    '/v1/keys/:kid',
    {
      config: { demand: ['register'] },
      schema: {
        operationId: 'registerKey',
        summary: 'Register a key',
        description:
          'Idempotent: the same key again changes nothing. Another key or algorithm under the same KID is a conflict, and the first stays. So is, without the scope `admin`, another KID for a content that has a living key of this label, algorithm and period.',
        tags: ['keys'],
        security: SECURITY,
        params: NewKidParams,
        body: Registration,
        response: { 200: RegisteredKey, 201: RegisteredKey, 409: PROBLEM, 422: PROBLEM, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const registration = toRegistration({ ...request.body, kid: request.params.kid }, request.principal!);
      const [registered] = await counted(context, () => storeOf(context, request).register([registration]));
      return reply.code(registered!.outcome === 'created' ? 201 : 200).send(registered! as never);
    },
  );

  app.post(
    '/v1/keys',
    {
      config: { demand: ['register'] },
      schema: {
        operationId: 'registerKeys',
        summary: 'Register many keys',
        description:
          'Answers with a result for each key, in their order. With `atomic`, one conflict refuses the whole request with 409.',
        tags: ['keys'],
        security: SECURITY,
        body: Registrations,
        response: { 200: RegistrationResults, 409: PROBLEM, 422: PROBLEM, ...REFUSALS },
      },
    },
    async (request) => {
      const registrations = request.body.keys.map((key) => toRegistration(key, request.principal!));
      const register = request.body.atomic ? registerAll : registerEach;
      const results = await counted(context, () => register(storeOf(context, request), registrations));
      return { results } as never;
    },
  );
}

async function counted<T extends Pick<RegistrationResult, 'outcome'>>(
  { metrics }: ServerContext,
  register: () => Promise<T[]>,
): Promise<T[]> {
  try {
    const results = await register();
    for (const { outcome } of results) metrics.registrations.inc({ outcome });
    return results;
  } catch (error) {
    if (error instanceof PrpackError && error.code === 'KEY_CONFLICT') {
      metrics.registrations.inc({ outcome: 'conflict' });
    }
    throw error;
  }
}

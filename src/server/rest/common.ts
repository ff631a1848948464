import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { PrpackError } from '../../errors.js';
import { PROBLEM_TYPE, Problem } from '../problem.js';
import { ProblemDocument } from './schemas.js';

/** The framework's instance, with types that follow from the schemas. */
export type App = Parameters<FastifyPluginAsyncZod>[0];

/** A problem document as an answer. */
export const PROBLEM = {
  description: 'Refused',
  content: { [PROBLEM_TYPE]: { schema: ProblemDocument } },
};

/** Answers that every route of REST v1 can give. */
export const REFUSALS = {
  400: PROBLEM,
  401: PROBLEM,
  403: PROBLEM,
  413: PROBLEM,
  415: PROBLEM,
  429: PROBLEM,
  500: PROBLEM,
  503: PROBLEM,
};

/** How callers show who they are, for OpenAPI; mutual TLS is the third way. */
export const SECURITY = [{ bearer: [] }, { basic: [] }];

/** The fields that are there: an absent one and one that is undefined are not the same to the store. */
export function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

/** Of operations on keys that must be there: the store's answer to an unknown KID is 404. */
export async function orNotFound<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof PrpackError && error.code === 'KEY_REQUIRED')) throw error;
    throw new Problem(404, 'KEY_REQUIRED', error.message, error.details.remedy);
  }
}

export function keyNotFound(kid: string): Problem {
  return new Problem(404, 'KEY_REQUIRED', `KID ${kid} is not registered`, 'Register the key first.');
}

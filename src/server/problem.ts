import { STATUS_CODES } from 'node:http';
import { type ErrorCode, PrpackError } from '../errors.js';
import { CONTENT_HAS_KEY, isKeyRace } from '../keystore/registration-rules.js';

/** Content type of problem documents (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';

/** Codes that only the server has, besides those of `PrpackError`. */
export type ProblemCode =
  | ErrorCode
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_REQUEST'
  | 'TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'RATE_LIMITED'
  | typeof CONTENT_HAS_KEY;

/** An answer that is not the one asked for: a problem document (RFC 9457). No key material. */
export interface ProblemBody {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** What programs branch on. */
  readonly code: ProblemCode;
  /** What the caller can do next. */
  readonly remedy?: string;
  /** After so many seconds the same request may succeed; also in the header Retry-After. */
  readonly retryAfterSeconds?: number;
  /** Places in the request that are wrong, as JSON pointers, and how. */
  readonly errors?: readonly { readonly pointer: string; readonly problem: string }[];
}

/** A request that is refused. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly body: ProblemBody;

  constructor(status: number, code: ProblemCode, detail: string, remedy?: string) {
    super(detail);
    this.body = { title: STATUS_CODES[status]!, status, detail, code, ...(remedy && { remedy }) };
  }
}

/** Of codes that a store can give in answer to a good request; a KEK that is missing or wrong is the server's trouble. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  MALFORMED_INPUT: 400,
  UNSUPPORTED_FEATURE: 400,
  UNSUPPORTED_SCHEME: 400,
  KEY_CONFLICT: 409,
  KEY_REQUIRED: 503,
  KEY_INVALID: 503,
  KEY_SOURCE_FAILED: 503,
  KEY_STORE_FAILED: 503,
};

const CODES: Readonly<Record<number, ProblemCode>> = {
  404: 'NOT_FOUND',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
};

/** The answer to anything thrown while a request was served. Errors of the parser and the framework are not quoted. */
export function problemOf(error: unknown, requestId: string): ProblemBody {
  if (error instanceof Problem) return error.body;
  if (isKeyRace(error)) {
    return new Problem(409, CONTENT_HAS_KEY, error.message, error.details.remedy).body;
  }
  if (error instanceof PrpackError) return problemOfPrpackError(error, requestId);
  const { validation, statusCode } = error as { validation?: readonly Violation[]; statusCode?: number };
  if (validation) return problemOfViolations(validation);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const title = STATUS_CODES[statusCode] ?? 'Bad Request';
    const code = CODES[statusCode] ?? 'BAD_REQUEST';
    return { title, status: statusCode, detail: `the request was refused: ${title}`, code };
  }
  return serverTrouble(500, 'INTERNAL', requestId);
}

/** Headers of an answer that HTTP itself understands, whatever the form of the answer is. */
export function problemHeaders({ retryAfterSeconds }: Pick<ProblemBody, 'retryAfterSeconds'>) {
  return retryAfterSeconds === undefined ? {} : { 'retry-after': `${retryAfterSeconds}` };
}

function problemOfPrpackError({ code, message, details }: PrpackError, requestId: string): ProblemBody {
  const status = STATUSES[code] ?? 500;
  if (status >= 500) {
    const { retryAfterSeconds } = details;
    return { ...serverTrouble(status, code, requestId), ...(retryAfterSeconds && { retryAfterSeconds }) };
  }
  return new Problem(status, code, message, details.remedy).body;
}

/** Paths and names of the server's own are for its log. */
function serverTrouble(status: number, code: ErrorCode, requestId: string): ProblemBody {
  return new Problem(
    status,
    code,
    'the key server cannot do this at the moment',
    `The operator of the server finds the reason in its log under the request id ${requestId}.`,
  ).body;
}

/** What the validator says of one place. Its own message may repeat a name from the request, so that only some are passed on. */
interface Violation {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
}

function problemOfViolations(violations: readonly Violation[]): ProblemBody {
  const errors = violations.slice(0, 20).map(({ instancePath, keyword, message }) => ({
    pointer: instancePath,
    problem: keyword === 'unrecognized_keys' ? 'there is a field that is not known' : (message ?? keyword),
  }));
  const { body } = new Problem(400, 'INVALID_ARGUMENT', 'the request is not as it has to be');
  return { ...body, errors };
}

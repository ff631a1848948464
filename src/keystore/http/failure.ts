import { PrpackError } from '../../errors.js';
import type { HttpResponse } from '../../keys/http/client.js';
import { statusFailure } from '../../keys/http/failure.js';
import { CONTENT_HAS_KEY, ContentHasKey } from '../registration-rules.js';

/** Codes that mean the same at both ends. Others, and what went wrong inside of the server, are a store that failed. */
const SHARED: Readonly<Record<string, 'INVALID_ARGUMENT' | 'KEY_REQUIRED' | 'KEY_INVALID' | 'KEY_CONFLICT'>> =
  {
    INVALID_ARGUMENT: 'INVALID_ARGUMENT',
    KEY_REQUIRED: 'KEY_REQUIRED',
    KEY_INVALID: 'KEY_INVALID',
    KEY_CONFLICT: 'KEY_CONFLICT',
  };

/** What a problem document says (RFC 9457), as far as it is looked at. */
interface ProblemDocument {
  /** Places in the request that are wrong. */
  readonly errors?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
  readonly remedy?: unknown;
}

/** The error that the server answered with. */
export function serverRefusal(response: HttpResponse): PrpackError {
  const { status } = response;
  if (status === 401) return refused(response, 'the key server does not know these credentials', CREDENTIALS);
  const { code, detail, remedy } = problemIn(response);
  if (status === 403)
    return refused(response, `the key server refused: ${detail ?? 'not allowed'}`, CREDENTIALS);
  if (code === CONTENT_HAS_KEY && typeof detail === 'string') return new ContentHasKey(detail);
  const shared = typeof code === 'string' && status < 500 ? SHARED[code] : undefined;
  if (shared && typeof detail === 'string') {
    return new PrpackError(shared, detail + placesIn(response), {
      ...(typeof remedy === 'string' && { remedy }),
    });
  }
  const failure = statusFailure(response);
  const said = typeof detail === 'string' ? `: ${detail}` : '';
  return new PrpackError('KEY_STORE_FAILED', `${failure.message}${said}`, {
    ...failure.details,
    ...(typeof remedy === 'string' && { remedy }),
  });
}

const CREDENTIALS =
  'Give a token with the scopes that this needs in PRPACK_KEY_STORE_TOKEN or the file that PRPACK_KEY_STORE_TOKEN_FILE names, or a client certificate that the server knows.';

/** The server was not reached, or did not answer as a key server does. */
export function storeFailure(error: unknown): PrpackError {
  if (!(error instanceof PrpackError)) throw error;
  if (error.code !== 'KEY_SOURCE_FAILED') return error;
  return new PrpackError('KEY_STORE_FAILED', error.message, error.details, error.cause);
}

export function notAKeyServer({ url }: HttpResponse): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `${url} did not answer as a key server of prpack does`, {
    remedy: 'Check the address, and that the server is not older than this client.',
  });
}

function refused({ url }: HttpResponse, said: string, remedy: string): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `${said} (${url})`, { remedy });
}

/** The first places in the request that are wrong, as the server names them: pointers, and none of the values. */
function placesIn(response: HttpResponse): string {
  const { errors } = problemIn(response);
  const places = (Array.isArray(errors) ? errors : []).slice(0, 5).flatMap((error: unknown) => {
    const { pointer, problem } = (error ?? {}) as { pointer?: unknown; problem?: unknown };
    return typeof pointer === 'string' && typeof problem === 'string' ? [`${pointer}: ${problem}`] : [];
  });
  return places.length === 0 ? '' : ` (${places.join('; ')})`;
}

function problemIn({ body }: HttpResponse): ProblemDocument {
  try {
    const problem: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof problem === 'object' && problem !== null ? problem : {};
  } catch {
    return {};
  }
}

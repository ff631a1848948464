import { type ErrorCode, PrpackError } from '../../errors.js';

/** What was being done to an object. */
export type Purpose = 'read' | 'write';

interface Fault {
  /** Half a sentence. */
  readonly what: string;
  readonly remedy: string;
  /** When it was being read. Default INPUT_UNREADABLE. */
  readonly code?: ErrorCode;
}

const CREDENTIALS = 'AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of this machine';
const PLACE = 'endpoint and region (AWS_ENDPOINT_URL_S3, AWS_REGION)';

const NO_BUCKET: Fault = {
  what: 'there is no such bucket',
  remedy: `Check the name of the bucket, ${PLACE}.`,
  code: 'INPUT_NOT_FOUND',
};
const NO_OBJECT: Fault = {
  what: 'there is no such object',
  remedy: 'Check bucket and key; keys are taken as they are, and case matters.',
  code: 'INPUT_NOT_FOUND',
};
const DENIED: Fault = {
  what: 'access is denied',
  remedy:
    'Check what these credentials may do with the bucket (docs/s3.md lists it); where s3:ListBucket is missing, S3 says so of missing objects, too.',
};
const EXPIRED: Fault = {
  what: 'the credentials have expired',
  remedy: 'Get new ones, for example with aws sso login, and run it again.',
};
const WRONG_CREDENTIALS: Fault = {
  what: 'the credentials are not accepted',
  remedy: `Check ${CREDENTIALS}, and that they are for this endpoint.`,
};
const ELSEWHERE: Fault = {
  what: 'the bucket is in another region',
  remedy: 'Name the region of the bucket in AWS_REGION.',
};
const DAMAGED: Fault = {
  what: 'bytes were damaged on their way',
  remedy: 'Run it again; if it happens again, check the network and the proxies in between.',
};
const BUSY: Fault = {
  what: 'the server cannot answer now',
  remedy: 'Try again later, with fewer jobs at once.',
};

/** Error codes of S3 (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html), and names of the SDK for its own. */
const FAULTS: Readonly<Record<string, Fault>> = {
  NoSuchBucket: NO_BUCKET,
  InvalidBucketName: NO_BUCKET,
  NoSuchKey: NO_OBJECT,
  NoSuchVersion: NO_OBJECT,
  NotFound: NO_OBJECT,
  AccessDenied: DENIED,
  AllAccessDisabled: DENIED,
  Forbidden: DENIED,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  RequestExpired: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  InvalidAccessKeyId: WRONG_CREDENTIALS,
  InvalidToken: WRONG_CREDENTIALS,
  SignatureDoesNotMatch: WRONG_CREDENTIALS,
  CredentialsProviderError: {
    what: 'there are no credentials',
    remedy: `Give some by ${CREDENTIALS}.`,
  },
  TokenProviderError: EXPIRED,
  RequestTimeTooSkewed: { what: 'the clocks differ', remedy: 'Set the clock of this machine.' },
  PermanentRedirect: ELSEWHERE,
  IllegalLocationConstraintException: ELSEWHERE,
  AuthorizationHeaderMalformed: ELSEWHERE,
  BadDigest: DAMAGED,
  InvalidDigest: DAMAGED,
  XAmzContentSHA256Mismatch: DAMAGED,
  XAmzContentChecksumMismatch: DAMAGED,
  InvalidObjectState: {
    what: 'the object is in an archive',
    remedy: 'Restore it first, for example with aws s3api restore-object.',
  },
  SlowDown: BUSY,
  ServiceUnavailable: BUSY,
  InternalError: BUSY,
  NoSuchUpload: {
    what: 'the upload was aborted by somebody else',
    remedy: 'Check the lifecycle rules of the bucket, and run it again.',
  },
  NotImplemented: {
    what: 'the server does not know conditional writes, which keep an object that is there',
    remedy: 'Allow replacing it.',
  },
  EntityTooLarge: {
    what: 'the object is too large for this server',
    remedy: 'Write to a file, or to another server.',
  },
  QuotaExceeded: { what: 'the quota is used up', remedy: 'Free some space in the bucket.' },
  InvalidRange: { what: 'it was replaced while it was read', remedy: 'Run it again.' },
  ENOTFOUND: { what: 'the host of the endpoint is not known', remedy: `Check ${PLACE}.` },
  ECONNREFUSED: {
    what: 'the endpoint takes no connections',
    remedy: `Check ${PLACE}, and that the server is running.`,
  },
};

/** Where there is no code in the answer, as for HEAD. */
const BY_STATUS: Readonly<Record<number, Fault>> = {
  301: ELSEWHERE,
  400: WRONG_CREDENTIALS,
  401: WRONG_CREDENTIALS,
  403: DENIED,
  404: NO_OBJECT,
  500: BUSY,
  502: BUSY,
  503: BUSY,
  504: BUSY,
};

const OTHER: Fault = { what: 'the request failed', remedy: `Check ${PLACE}, and the network.` };

/** The error code of S3, the name that the SDK gives, or that of a failed connection. */
export function faultNameOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: unknown };
  const known = [name, code].find((text) => typeof text === 'string' && text in FAULTS);
  return (known as string | undefined) ?? (typeof code === 'string' ? code : (name ?? 'unknown'));
}

/** Status of the answer, as far as there is one. */
export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** Whether the object was there already, where it was to be made on condition that it is not. */
export function isConflict(error: unknown): boolean {
  return [409, 412].includes(statusOf(error) ?? 0);
}

/**
 * The error for what the SDK threw. Of that only its name is kept: its texts and headers may hold credentials.
 * @param shown `s3://bucket/key`
 */
export function s3Failure(error: unknown, shown: string, purpose: Purpose): PrpackError {
  if (error instanceof PrpackError) return error;
  const name = faultNameOf(error);
  const status = statusOf(error);
  if (isAborted(error)) return aborted(shown);
  const { what, remedy, code = 'INPUT_UNREADABLE' } = FAULTS[name] ?? BY_STATUS[status ?? 0] ?? OTHER;
  const shownName = /^\w{1,60}$/.test(name) ? name : 'unknown error';
  const answer = status === undefined ? shownName : `${shownName}, status ${status}`;
  const message = `${shown} cannot be ${purpose === 'read' ? 'read' : 'written'}: ${what} (${answer})`;
  return new PrpackError(purpose === 'read' ? code : 'OUTPUT_FAILED', message, { path: shown, remedy });
}

function isAborted(error: unknown): boolean {
  return ['AbortError', 'RequestAbortedError'].includes((error as Error).name);
}

export function aborted(shown: string): PrpackError {
  const remedy = 'Nothing was published; run it again.';
  return new PrpackError('ABORTED', `the work on ${shown} was stopped`, { remedy });
}

/** @param what what shows that it is another object now */
export function replacedMeanwhile(shown: string, what: string): PrpackError {
  return new PrpackError('INPUT_UNREADABLE', `${shown} was replaced while it was read: ${what}`, {
    path: shown,
    remedy: 'Run it again when the object does not change any more.',
  });
}

import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import type { WidevineRequest } from './message.js';

interface Meaning {
  readonly said: string;
  /** Names options as the reader gives them, which is not known before somebody reads. */
  readonly remedy: () => string;
}

const BROKEN: Meaning = {
  said: 'it failed',
  remedy: () => 'Try again later, or ask the operator of the key server.',
};

/** What a status of the API means ("Common Encryption API for Widevine DRM", response). */
const MEANING_OF_STATUS: ReadonlyMap<string, Meaning> = new Map([
  [
    'SIGNATURE_FAILED',
    {
      said: 'it does not accept the signature',
      remedy: () =>
        `Check ${named('widevineSigner')}, and the key and IV of ${named('widevineSigningKeyFile')}.`,
    },
  ],
  [
    'ACCESS_DENIED',
    {
      said: 'the signer has no access',
      remedy: () =>
        `Check ${named('widevineSigner')}, and at the operator of the key server what this signer may fetch.`,
    },
  ],
  [
    'CONTENT_ID_MISSING',
    { said: 'it wants a content id', remedy: () => `Give the content id with ${named('contentId')}.` },
  ],
  [
    'POLICY_UNKNOWN',
    {
      said: 'it does not know the policy',
      remedy: () =>
        `Give with ${named('widevinePolicy')} the name of a policy that is registered at the key server.`,
    },
  ],
  [
    'TRACK_TYPE_MISSING',
    {
      said: 'it wants the types of the tracks',
      remedy: () => 'Check that the URL is that of a server of this API.',
    },
  ],
  [
    'TRACK_TYPE_UNKNOWN',
    {
      said: 'it does not know one of the types of tracks',
      remedy: () =>
        `Give ${named('keyPer', 'type')} or ${named('keyPer', 'none')}, or have keys for these types set up at the key server.`,
    },
  ],
  [
    'MALFORMED_REQUEST',
    {
      said: 'it does not understand the request',
      remedy: () =>
        'Check at the operator of the key server which encryption schemes and crypto periods it serves.',
    },
  ],
  ['INTERNAL_ERROR', BROKEN],
  ['UNKNOWN_ERROR', BROKEN],
]);

/** The server says of this alone that it may go the next time. */
export function isTransientStatus(status: unknown): boolean {
  return status === 'INTERNAL_ERROR';
}

/** A status that is not `OK`. What does not look like a status is not repeated: it may be anything. */
export function statusRefusal(url: string, status: unknown, { trackTypes }: WidevineRequest): PrpackError {
  const name = typeof status === 'string' && /^[A-Z][A-Z_]{1,39}$/.test(status) ? status : undefined;
  const { said, remedy } = MEANING_OF_STATUS.get(name ?? '') ?? {
    said: 'it gives no keys',
    remedy: () => 'Look up the status at the operator of the key server.',
  };
  return new PrpackError(
    'KEY_SOURCE_FAILED',
    `${url} answered ${name ?? 'without a known status'}: ${said}`,
    {
      expected: 'OK',
      ...(name !== undefined && { received: name }),
      remedy: name === 'TRACK_TYPE_UNKNOWN' ? `${remedy()} Asked for: ${trackTypes.join(', ')}.` : remedy(),
    },
  );
}

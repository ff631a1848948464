import { PrpackError } from '../../errors.js';
import type { HttpResponse } from '../../keys/http/client.js';
import { statusFailure } from '../../keys/http/failure.js';
import type { KeyId } from '../../keys/key-id.js';
import { named } from '../../settings/spelling.js';
import { storeFailure } from '../http/failure.js';

const CREDENTIALS = {
  said: 'it does not let this client do that',
  remedy:
    'Give a token in PRPACK_KEY_STORE_TOKEN or the file that PRPACK_KEY_STORE_TOKEN_FILE names, or a client certificate that the server knows.',
};

/** The error for an answer that is not a success. Of its body nothing is kept, for nobody knows what is in it. */
export function skmRefusal(response: HttpResponse): PrpackError {
  const isAccess = response.status === 401 || response.status === 403;
  return storeFailure(statusFailure(response, isAccess ? CREDENTIALS : undefined));
}

export function notAnSkmServer({ url }: HttpResponse): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `${url} did not answer as an SKM server does`, {
    remedy: 'Check the address: it is what stands before /keys in the URLs of the SKM server.',
  });
}

/** The key is under another KEK. What the server calls that one is repeated only where it is an id as the API makes them. */
export function otherKek(kid: KeyId, wantedId: string | null | undefined, givenId: string): PrpackError {
  const wanted = /^#1\.[0-9a-f]{32}$/.test(wantedId ?? '') ? wantedId! : 'another KEK';
  return new PrpackError(
    'KEY_INVALID',
    `the key-encryption key (KEK) does not open the key of KID ${kid} on the SKM server`,
    {
      expected: wanted,
      received: givenId,
      remedy: `Give the KEK that the key was wrapped under, with ${named('kekFile')} or in PRPACK_KEK.`,
    },
  );
}

export function notRegistered(kid: KeyId): PrpackError {
  return new PrpackError('KEY_REQUIRED', `KID ${kid} is not registered on the SKM server`, {
    remedy: 'Register the key first, or name the key store that it was registered in.',
  });
}

/** What the SKM API has no means for. `remedy` says what to use instead. */
export function notOfSkm(what: string, remedy: string): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `an SKM server ${what}`, { remedy });
}

import type { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import type { HttpResponse } from '../http/client.js';
import { accessHint, statusFailure } from '../http/failure.js';

/** What key providers say with status 422 (SPEKE 2.0, "Error handling"), in our words: their text is not repeated. */
const SAYINGS: readonly (readonly [RegExp, string, string])[] = [
  [
    /Unsupported SPEKE version/i,
    'it does not support this version of SPEKE',
    'Ask with another version of SPEKE.',
  ],
  [
    /Unsupported CPIX@version/i,
    'it does not support the CPIX version of this SPEKE version',
    'Ask with another version of SPEKE.',
  ],
  [/Missing CPIX@version/i, 'it wants SPEKE 2', 'Ask with SPEKE 2.0 or 2.1.'],
  [/Missing CPIX@contentId/i, 'it wants a content id', 'Give a content id, and ask with SPEKE 2.0 or 2.1.'],
  [
    /Missing ContentKey@commonEncryptionScheme/i,
    'it wants the encryption scheme',
    'Ask with SPEKE 2.0 or 2.1.',
  ],
  [
    /Non compliant ContentKey@commonEncryptionScheme/i,
    'it does not serve this encryption scheme with these systems',
    'Choose another encryption scheme or other systems.',
  ],
];

/** The error for an answer that is not a success. */
export function spekeFailure(response: HttpResponse): PrpackError {
  const text = Buffer.from(response.body).toString('latin1');
  const saying = SAYINGS.find(([pattern]) => pattern.test(text));
  if (!saying) return statusFailure(response, accessHint(response, named('spekeAuth')));
  return statusFailure(response, { said: saying[1], remedy: saying[2] });
}

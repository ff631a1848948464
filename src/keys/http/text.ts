import { PrpackError } from '../../errors.js';
import type { HttpResponse } from './client.js';

/**
 * The body of an answer as UTF-8 text.
 * @throws PrpackError KEY_SOURCE_FAILED, which does not repeat it
 */
export function bodyText({ body, url }: HttpResponse): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new PrpackError('KEY_SOURCE_FAILED', `${url} sent an answer that is not UTF-8 text`, {
      remedy: 'Check that the URL is that of a key server.',
    });
  }
}

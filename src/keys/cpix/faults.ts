import { type ErrorDetails, PrpackError } from '../../errors.js';

/**
 * A document that breaks the rules of CPIX. The reason must be a text of ours: what stands in the document may be a key, so that
 * neither its text nor the parser's own words are passed on.
 */
export function cpixFault(reason: string, details: ErrorDetails = {}): PrpackError {
  return new PrpackError('KEY_INVALID', `CPIX document: ${reason}`, {
    clause: 'DASH-IF CPIX',
    remedy: 'Ask the one who issued the document for a valid one.',
    ...details,
  });
}

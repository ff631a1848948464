import { PrpackError } from '../../errors.js';
import type { TokenGrant, TokenRecord } from './token.js';
import type { TokenRecords } from './token-cache.js';

/** The tokens of key servers, wherever they are kept. Every method throws PrpackError KEY_STORE_FAILED when they cannot be read or written. */
export interface Tokens extends TokenRecords {
  /** Where they are, for messages; without credentials. */
  readonly location: string;

  /**
   * Makes a token. It is not kept: this is the only time that it can be seen.
   * @param deliver is given the token before it is good: when it throws, there is none
   */
  create(
    grant: TokenGrant,
    deliver?: (token: string) => Promise<void>,
  ): Promise<{ token: string; record: TokenRecord }>;

  /** All tokens, revoked ones too, oldest first. */
  list(): Promise<TokenRecord[]>;

  /**
   * Ends a token, within a second also for servers that run. Idempotent.
   * @throws PrpackError INVALID_ARGUMENT when there is no such token
   */
  revoke(id: string): Promise<TokenRecord>;

  /** Lets go of connections. */
  close(): Promise<void>;
}

export function unknownToken(): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', 'there is no token with this id', {
    expected: 'an id of 8 hexadecimal digits',
    remedy: 'See the ids with `prpack serve token list`.',
  });
}

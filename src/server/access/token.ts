import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Scope } from './scopes.js';

const ID_BYTES = 4;
/** 192 bits: nobody guesses them, so that a plain SHA-256 is enough of a hash. */
const SECRET_BYTES = 24;
/** The prefix lets scanners for leaked secrets find a token. */
const TOKEN = /^prpack_([0-9a-f]{8})_[A-Za-z0-9_-]{32}$/;

/** What is kept of a token: enough to recognise it, not to use it. */
export interface TokenRecord {
  /** 8 hexadecimal digits, also a part of the token. */
  readonly id: string;
  /** Who holds it, in the words of the one who made it. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** SHA-256 of the whole token, in hexadecimal digits. */
  readonly sha256: string;
  /** RFC 3339 UTC. */
  readonly createdAt: string;
  readonly revokedAt?: string;
}

/** A new token, to be shown once, and its record. */
export function makeToken(
  name: string,
  scopes: readonly Scope[],
): { readonly token: string; readonly record: TokenRecord } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const token = `prpack_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const createdAt = new Date().toISOString();
  return { token, record: { id, name, scopes, sha256: digest(token).toString('hex'), createdAt } };
}

/** The id in a token; undefined when the text is no token. */
export function tokenId(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/** Whether this is the token of the record, in time that does not depend on where they differ. */
export function isTokenOf(token: string, { sha256 }: TokenRecord): boolean {
  return timingSafeEqual(digest(token), Buffer.from(sha256, 'hex'));
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

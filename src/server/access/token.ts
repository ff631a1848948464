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
  /** The contents that it opens: those whose ids begin so. All, when absent. */
  readonly contentPrefix?: string;
  /** SHA-256 of the whole token, in hexadecimal digits. */
  readonly sha256: string;
  /** RFC 3339 UTC. */
  readonly createdAt: string;
  /** RFC 3339 UTC; good for ever when absent. */
  readonly expiresAt?: string;
  readonly revokedAt?: string;
}

/** What a token opens, and for how long. */
export interface TokenGrant extends Pick<TokenRecord, 'name' | 'scopes' | 'contentPrefix'> {
  /** Milliseconds from now; for ever when absent. */
  readonly lifetimeMs?: number;
}

/** A new token, to be shown once, and its record. */
export function makeToken({ lifetimeMs, ...grant }: TokenGrant): {
  readonly token: string;
  readonly record: TokenRecord;
} {
  const id = randomBytes(ID_BYTES).toString('hex');
  const token = `prpack_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const now = Date.now();
  const record = {
    id,
    ...grant,
    sha256: digest(token).toString('hex'),
    createdAt: new Date(now).toISOString(),
    ...(lifetimeMs !== undefined && { expiresAt: new Date(now + lifetimeMs).toISOString() }),
  };
  return { token, record };
}

/** Whether a token has ended, and how. */
export function endOf(
  { revokedAt, expiresAt }: TokenRecord,
  now = Date.now(),
): 'revoked' | 'expired' | undefined {
  if (revokedAt !== undefined) return 'revoked';
  // A time that cannot be read is over, for no comparison with it holds.
  return expiresAt === undefined || now < Date.parse(expiresAt) ? undefined : 'expired';
}

/** The id in a token; undefined when the text is no token. */
export function tokenId(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/** Whether this is the token of the record, in time that does not depend on where they differ. */
export function isTokenOf(token: string, { sha256 }: TokenRecord): boolean {
  return timingSafeEqual(digest(token), Buffer.from(sha256, 'hex'));
}

/** What begins a token, and what base64 makes of that at each of its three positions. */
const TOKEN_START = 'prpack_';
const ENCODED_STARTS = [0, 1, 2].map((before) => {
  const text = Buffer.from('\0'.repeat(before) + TOKEN_START).toString('base64url');
  // Characters that also depend on what stands around them are left out.
  return text.slice([0, 2, 3][before], Math.floor(((before + TOKEN_START.length) * 8) / 6));
});

/** Whether a token may stand in a text, also in base64 as in Basic, or with percent signs as in a URL. */
export function holdsToken(text: string): boolean {
  return [TOKEN_START, ...ENCODED_STARTS].some((start) => text.includes(start)) || PERCENT_START.test(text);
}

const PERCENT_START = new RegExp(
  [...TOKEN_START].map((c) => `(?:${c}|%${c.charCodeAt(0).toString(16)})`).join(''),
  'i',
);

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

import { createHash, type Hash } from 'node:crypto';
import { Fingerprint } from '../bytes/fingerprint.js';
import { fingerprintKeyOf } from '../keys/fingerprint-key.js';
import type { AssignedKey } from '../keys/key-source.js';
import type { EncryptOptions } from './types.js';

/** What is to be known of the bytes of an output. */
export interface WantedDigests {
  /** Of a fingerprint: 32 hexadecimal digits. */
  readonly fingerprintKey?: string | undefined;
  readonly sha256?: boolean | undefined;
}

/** What was to be known of the bytes of an output, each 64 hexadecimal digits. */
export interface Digests {
  readonly fingerprint?: string;
  readonly sha256?: string;
}

/** Digests of bytes that come one part after the other. */
export class Digester {
  readonly #fingerprint: Fingerprint | undefined;
  readonly #sha256: Hash | undefined;

  constructor({ fingerprintKey, sha256 = false }: WantedDigests) {
    this.#fingerprint = fingerprintKey === undefined ? undefined : new Fingerprint(fingerprintKey);
    this.#sha256 = sha256 ? createHash('sha256') : undefined;
  }

  /** The bytes may be reused when this returns. */
  update(bytes: Uint8Array): void {
    this.#fingerprint?.update(bytes);
    this.#sha256?.update(bytes);
  }

  /** Ends the work. */
  digests(): Digests {
    return digestsOf({ fingerprint: this.#fingerprint?.digest(), sha256: this.#sha256?.digest('hex') });
  }
}

/**
 * A key store wants the fingerprint of an output, and the caller may want its SHA-256.
 * @param keys of the output, the first track's first one first: a rerun has the same fingerprint
 */
export function wantedDigests(
  keys: readonly AssignedKey[],
  { keyStore, sha256 }: Pick<EncryptOptions, 'keyStore' | 'sha256'>,
): WantedDigests {
  return { ...(keyStore && { fingerprintKey: fingerprintKeyOf(keys[0].key) }), sha256 };
}

/** The digests alone of what has more fields, as far as there are any. */
export function digestsOf({
  fingerprint,
  sha256,
}: { readonly [Name in keyof Digests]?: Digests[Name] | undefined }): Digests {
  return { ...(fingerprint !== undefined && { fingerprint }), ...(sha256 !== undefined && { sha256 }) };
}

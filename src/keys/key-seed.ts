import { createHash } from 'node:crypto';
import { fromBase64, fromHex } from '../bytes/hex.js';
import {
  contentKeyFromSeed,
  KEY_SEED_BYTES,
  PLAYREADY_TEST_KEY_SEED_BASE64,
} from '../drm/playready/key-seed.js';
import { PrpackError } from '../errors.js';
import { ContentKey } from './content-key.js';
import { readPrivateText } from './file.js';
import { type KeyId, newKeyId } from './key-id.js';
import { assignToAll, type KeyLookup, type KeySource } from './key-source.js';
import { Secret } from './secret.js';

/**
 * A PlayReady key seed: a secret that the license server shares, from which the key of any KID follows. It keeps itself closed as
 * `ContentKey` does, and cannot be opened at all.
 */
export class KeySeed extends Secret {
  /** Tells seeds apart without revealing the seed: 16 hexadecimal digits of a SHA-256 over the 30 bytes that count. */
  readonly id: string;
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes.slice(0, KEY_SEED_BYTES);
    this.id = createHash('sha256')
      .update('prpack key seed id\0')
      .update(this.#bytes)
      .digest('hex')
      .slice(0, 16);
  }

  /**
   * At least 30 bytes, as hexadecimal digits or base64. `name` says in errors where the text came from; the text is not repeated.
   * @throws PrpackError KEY_INVALID
   */
  static parse(text: string, name = 'key seed'): KeySeed {
    const trimmed = text.trim();
    const bytes = [fromHex(trimmed), fromBase64(trimmed)].find(
      (read) => read && read.length >= KEY_SEED_BYTES,
    );
    if (bytes) return new KeySeed(bytes);
    throw new PrpackError('KEY_INVALID', `${name}: the PlayReady key seed has the wrong form`, {
      expected: `at least ${KEY_SEED_BYTES} bytes, as base64 or hexadecimal digits`,
      received: `${trimmed.length} characters`,
      remedy:
        'Give the key seed of the license server: 40 or more base64 characters, or 60 or more hexadecimal digits.',
    });
  }

  /** The content key of a KID (Microsoft, "PlayReady Key Seed"). */
  contentKey(kid: KeyId): ContentKey {
    return ContentKey.fromBytes(contentKeyFromSeed(this.#bytes, kid));
  }
}

/** Microsoft's public test seed, whose keys everybody knows. */
export function publicTestSeed(): KeySeed {
  return KeySeed.parse(PLAYREADY_TEST_KEY_SEED_BASE64);
}

/** Whether this is the id of Microsoft's public test seed. */
export function isPublicTestSeed(seedId: string | undefined): boolean {
  return seedId !== undefined && seedId === publicTestSeed().id;
}

/**
 * Reads a key seed from a file that holds nothing else.
 * @throws PrpackError KEY_SOURCE_FAILED when it cannot be read, KEY_INVALID also when others can use the file
 */
export async function readKeySeedFile(path: string): Promise<KeySeed> {
  return KeySeed.parse(await readPrivateText(path, 'key seed file'), path);
}

/**
 * Keys that follow from a key seed: for encryption of the given KID, or of a new one at every call and so for every crypto period; for
 * decryption of any.
 */
export function keySeedSource(seed: KeySeed, kid?: KeyId): KeySource & KeyLookup {
  return {
    canRotate: kid === undefined,
    async assign(requests) {
      const shared = kid ?? newKeyId();
      return assignToAll(requests, {
        kid: shared,
        key: seed.contentKey(shared),
        source: 'seed',
        seedId: seed.id,
      });
    },
    async find(wanted) {
      return seed.contentKey(wanted);
    },
  };
}

import { playReadyChecksum } from '../drm/playready/checksum.js';
import type { ContentKey } from './content-key.js';
import type { KeyId } from './key-id.js';

/**
 * The PlayReady checksum of a key, base64 of 8 bytes. Outside of headers it serves as the key check value: it tells keys
 * of one KID apart without revealing the key, whatever the algorithm of the key is.
 */
export function keyChecksum(kid: KeyId, key: ContentKey): string {
  return playReadyChecksum(kid, key.revealBytes());
}

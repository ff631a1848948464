import { createHmac } from 'node:crypto';
import type { ContentKey } from './content-key.js';

/**
 * The key for fingerprints of what is encrypted under a content key: the first half of HMAC-SHA-256 of a label, 32 hexadecimal digits.
 * It stands open in fingerprints, and does not lead back to the content key. A rerun has the same one.
 */
export function fingerprintKeyOf(key: ContentKey): string {
  return createHmac('sha256', key.revealBytes()).update('prpack fingerprint').digest('hex').slice(0, 32);
}

import { ContentKey } from './content-key.js';
import { newKeyId } from './key-id.js';
import { assignToAll, type KeySource } from './key-source.js';

/**
 * A new random KID and key at every call, shared by all tracks of it. Nobody else knows the key: write it with
 * `writeKeysOut` or register it before media that needs it is published.
 */
export function randomKeySource(): KeySource {
  return {
    canRotate: true,
    async assign(requests) {
      return assignToAll(requests, { kid: newKeyId(), key: ContentKey.random(), source: 'random' });
    },
  };
}

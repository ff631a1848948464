import { keyChecksum } from '../../keys/checksum.js';
import type { PackagerKeyStore } from '../../keystore/key-store.js';

/** Stands for the key store when somebody else registers the keys: it takes note of nothing. */
export const NO_STORE: PackagerKeyStore = {
  location: 'none',
  async register(registrations) {
    const now = new Date().toISOString();
    return registrations.map(({ key, ...description }) => ({
      outcome: 'created',
      record: {
        ...description,
        state: 'pending',
        checksum: keyChecksum(description.kid, key),
        outputs: [],
        createdAt: now,
        updatedAt: now,
      },
    }));
  },
  async markActive() {},
  async findByContentId() {
    return [];
  },
};

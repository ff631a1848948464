import { setTimeout as sleep } from 'node:timers/promises';
import type { PrpackError } from '../../errors.js';
import type { KeyId } from '../../keys/key-id.js';
import type { KeyRegistration } from '../key-store.js';
import { ContentHasKey, contentConflict, isExclusive } from '../registration-rules.js';
import type { LocalIndex } from './local-index.js';

/** How long the key of another process may take to get to the server before its process counts as dead. */
const ABANDONED_MS = 15_000;
const POLL_MS = 100;

export interface KeyRacesOptions {
  readonly index: LocalIndex;
  /** Whether the server has this key for the content. */
  readonly isThere: (kid: KeyId, contentId: string) => Promise<boolean>;
  readonly abandonedMs?: number;
}

/**
 * Lets one key hold each content, label, algorithm and period among the processes of this machine: the server knows nothing of contents. A key
 * holds its content before it is sent (`enter`), and is asked afterwards whether it still does (`confirm`). A holder that never got
 * to the server is replaced after a while; so a process that died blocks nothing, and one that was only slow finds that it has lost.
 */
export class KeyRaces {
  readonly #options: KeyRacesOptions;

  constructor(options: KeyRacesOptions) {
    this.#options = options;
  }

  /**
   * Lets a key hold its content, if it can.
   * @returns whether it has to be confirmed
   * @throws PrpackError KEY_CONFLICT, ContentHasKey when another key holds the content, and this is a new key that cannot stand next to it
   */
  async enter(registration: KeyRegistration): Promise<boolean> {
    const { index, isThere, abandonedMs = ABANDONED_MS } = this.#options;
    const { kid, contentId } = registration;
    for (;;) {
      const holder = await index.hold(registration, kid);
      if (!isExclusive(registration)) return false;
      if (holder.kid === kid) return true;
      if (await isThere(holder.kid, contentId)) {
        if (await isThere(kid, contentId)) return false;
        throw lost(registration);
      }
      if (Date.now() - Date.parse(holder.since) < abandonedMs) await sleep(POLL_MS);
      else await this.#replace(registration, holder.kid);
    }
  }

  /** @throws PrpackError KEY_CONFLICT, ContentHasKey when another key took the content while this one was sent */
  async confirm(registration: KeyRegistration): Promise<void> {
    const holder = await this.#options.index.hold(registration, registration.kid);
    if (holder.kid !== registration.kid) throw lost(registration);
  }

  /** The other key may get to the server at the last moment, and be confirmed: then it has the content back. */
  async #replace(registration: KeyRegistration, other: KeyId): Promise<void> {
    const { index, isThere } = this.#options;
    await index.passOn(registration, other, registration.kid);
    if (await isThere(other, registration.contentId))
      await index.passOn(registration, registration.kid, other);
  }
}

function lost(registration: KeyRegistration): PrpackError {
  return registration.givesWay ? ContentHasKey.of(registration) : contentConflict(registration);
}

import { nowMs } from '../bytes/clock.js';
import type { KekSource, KeptKek } from './kek.js';
import type { KeyEncryptionKey } from './key-wrap.js';

/** For so long a KEK that was loaded is used: after that, one that was taken away is not there any more. */
const KEPT_MS = 1000;
/** A store is under one KEK, and under two while it is wrapped again. */
const MOST_KEKS = 8;

interface Kept {
  readonly kek: KeyEncryptionKey;
  readonly endsMs: number;
}

/**
 * The source, asked once a second at most for the KEK of an id. An id is a hash of its KEK, so that what is kept is never another one.
 * What a source does not have, or cannot give, is asked for again.
 * @param now milliseconds that never go back
 */
export function cachedKekSource(source: KekSource, now: () => number = nowMs): KekSource {
  const kept = new Map<string, Kept>();
  const load = async (wantedId?: string, wrapped?: KeptKek): Promise<KeyEncryptionKey | undefined> => {
    if (wantedId === undefined) return source.load();
    const beganMs = now();
    const held = kept.get(wantedId);
    if (held && beganMs < held.endsMs) return held.kek;
    kept.delete(wantedId);
    const kek = await source.load(wantedId, wrapped);
    if (kek?.id !== wantedId) return kek;
    if (kept.size >= MOST_KEKS) kept.clear();
    kept.set(wantedId, { kek, endsMs: beganMs + KEPT_MS });
    return kek;
  };
  const { name, create } = source;
  return { name, load, ...(create && { create }) };
}

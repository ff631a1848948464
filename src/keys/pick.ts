import type { KeyId } from './key-id.js';
import type { TrackKeyRequest } from './key-source.js';

/** A key that says which tracks it is for. */
export interface Pickable {
  readonly kid: KeyId;
  readonly trackId?: number;
  readonly label?: string;
  /** Index of the crypto period that it is for. */
  readonly period?: number;
}

/**
 * The keys that say most precisely that they are for this track: by track id, else by label, else by type as the label, else for all
 * tracks. A key of a crypto period is for that period only, and no other key is. None when no key is for it; more than one when the choice is
 * not clear.
 */
export function pickForTrack<Entry extends Pickable>(
  entries: readonly Entry[],
  { trackId, type, label, period }: TrackKeyRequest,
): Entry[] {
  const precedence: ((entry: Entry) => boolean)[] = [
    (entry) => entry.trackId === trackId,
    (entry) => entry.trackId === undefined && entry.label !== undefined && entry.label === label,
    (entry) => entry.trackId === undefined && entry.label === type,
    (entry) => entry.trackId === undefined && entry.label === undefined,
  ];
  const ofPeriod = entries.filter((entry) => entry.period === period?.index);
  for (const matches of precedence) {
    const found = ofPeriod.filter(matches);
    if (found.length > 0) return found;
  }
  return [];
}

import { uuidToBytes } from '../bytes/uuid.js';
import { PrpackError } from '../errors.js';
import type { AnyAddressing } from './addressing.js';
import type { Presentation, SwitchingSet } from './presentation.js';

/** Fit for a file name, a `Representation@id` and a part of a URI. */
const ID = /^[A-Za-z0-9._-]+$/;

/** A URI reference has neither white space nor quotes (RFC 3986 2). */
const URI = /^[^\s"<>\\^`{|}]+$/;

/**
 * Asserts that a presentation can be written: ids are there once, KIDs are UUIDs, URIs are escaped, and every set has segments, found in one
 * way.
 * @throws PrpackError INVALID_ARGUMENT
 * @example
 * assertPresentation({ durationSeconds: 8, switchingSets: [] }); // throws: there is nothing in it
 */
export function assertPresentation({ durationSeconds, switchingSets }: Presentation): void {
  if (!(durationSeconds > 0)) throw unfit('a presentation has to last longer than 0 seconds');
  if (switchingSets.length === 0) throw unfit('a presentation has no switching set');
  assertOnce(
    'switching set',
    switchingSets.map(({ id }) => id),
  );
  const representations = switchingSets.flatMap((set) => set.representations.map(({ id }) => id));
  assertOnce('representation', representations);
  for (const id of representations) if (!ID.test(id)) throw unfit(`"${id}" is no id of a representation`);
  for (const set of switchingSets) assertSet(set);
}

function assertSet({ id, representations, protection }: SwitchingSet): void {
  if (!Number.isSafeInteger(id) || id < 0) throw unfit(`${id} is no id of a switching set`);
  if (representations.length === 0) throw unfit(`switching set ${id} has no representation`);
  if (protection && !uuidToBytes(protection.kid))
    throw unfit(`switching set ${id} has a KID that is no UUID`);
  const kinds = new Set<string>(representations.map(({ addressing }) => addressing.kind));
  if (kinds.size > 1) throw unfit(`switching set ${id} mixes ${[...kinds].join(' and ')}`);
  for (const { id: name, addressing } of representations) assertAddressing(name, addressing);
}

function assertAddressing(id: string, addressing: AnyAddressing): void {
  const uris = Object.entries(addressing).filter(([name]) => /^uri$|Uri$/.test(name));
  for (const [, uri] of uris) {
    if (!URI.test(String(uri))) throw unfit(`representation ${id} has a URI that is not escaped: ${uri}`);
  }
  if (addressing.kind === 'whole') return;
  if (addressing.segments.length === 0) throw unfit(`representation ${id} has no segment`);
  if (!(addressing.timescaleHz > 0)) throw unfit(`representation ${id} has no timescale`);
  if (!addressing.segments.every(({ durationTicks }) => durationTicks > 0)) {
    throw unfit(`representation ${id} has a segment of no duration`);
  }
}

function assertOnce(what: string, ids: readonly (string | number)[]): void {
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw unfit(`the ${what} ${twice} is there twice`);
}

function unfit(problem: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', problem, {
    clause: 'ISO/IEC 23009-1 5.3',
    remedy: 'Correct the presentation that manifests are to be written of.',
  });
}

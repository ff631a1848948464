import type { ByteSource } from '../bytes/source.js';
import { PrpackError } from '../errors.js';
import { moofAt } from '../isobmff/fragments.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { Collector } from './reader/collector.js';
import { schemeOf } from './reader/entry-scheme.js';
import { attempt, type ProtectionFinding, type ReadProtection, unreadable } from './reader/finding.js';

export { attempt, type ProtectionFinding, type ReadProtection } from './reader/finding.js';

/** Whether any sample entry of the track is protected. */
export function isProtected(track: Track): boolean {
  return track.entries.some((entry) => entry.protection !== undefined);
}

/**
 * Reads IVs, subsamples and key ids of all samples of the protected tracks.
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_SCHEME, UNSUPPORTED_FEATURE
 */
export function readProtections(movie: Movie, source: ByteSource): ReadProtection[] {
  const protections: ReadProtection[] = [];
  for (const { protection, problem } of findProtections(movie, source)) {
    if (!protection) throw problem;
    protections.push(protection);
  }
  return protections;
}

/**
 * As `readProtections`, but for looking at a file: what is wrong with a track's protection, or not understood, ends
 * neither the reading of its keys nor that of the other tracks.
 */
export function findProtections(movie: Movie, source: ByteSource): ProtectionFinding[] {
  const collectors = new Map<number, Collector>();
  const findings: (() => ProtectionFinding)[] = [];
  for (const track of movie.tracks) {
    if (!isProtected(track)) continue;
    const defaults = attempt(() => schemeOf(track));
    if (defaults instanceof PrpackError) {
      findings.push(() => unreadable(track, defaults));
      continue;
    }
    const collector = new Collector(track, defaults);
    collectors.set(track.index, collector);
    findings.push(() => collector.finish());
  }
  for (const collector of collectors.values()) readFromMoov(collector, movie, source);
  readFromMoofs(collectors, movie, source);
  const found: ProtectionFinding[] = [];
  for (const finish of findings) found.push(finish());
  return found;
}

function readFromMoov(collector: Collector, movie: Movie, source: ByteSource): void {
  const { track } = collector;
  collector.readTrackGroups(movie.moov);
  if (track.samplesInMoov === 0) return;
  // `senc` belongs into `trak` (23001-7 7.2); some writers put it into `stbl`.
  const boxes = [...track.node.children, ...track.stbl.children];
  const run = {
    count: track.samplesInMoov,
    parent: track.stbl,
    boxes,
    slice: movie.moov,
    baseBytes: 0,
    trackGroups: collector.trackGroups,
  };
  collector.add(run, source);
}

function readFromMoofs(collectors: ReadonlyMap<number, Collector>, movie: Movie, source: ByteSource): void {
  const { fragments } = movie;
  if (collectors.size === 0) return;
  for (let index = 0; index < fragments.count; index++) {
    const moof = moofAt(movie, source, index);
    const { bases } = moof;
    for (const [i, traf] of moof.trafs.entries()) {
      const row = fragments.firstTraf[index] + i;
      const collector = collectors.get(fragments.trafTrack[row]);
      const count = fragments.trafSampleCount[row];
      if (!collector || count === 0) continue;
      const { trackGroups } = collector;
      const { slice } = moof;
      const baseBytes = bases[i];
      collector.add({ count, parent: traf, boxes: traf.children, slice, baseBytes, trackGroups }, source);
    }
  }
}

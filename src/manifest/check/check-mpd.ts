import type { AnyAddressing } from '../addressing.js';
import { dashBitsPerSecond } from '../bandwidth.js';
import type { Presentation, SwitchingSet } from '../presentation.js';
import { assertInFile, assertProtectionData, assertSameBoundaries, fault } from './fault.js';
import { type ReadRepresentation, type ReadSet, type ReadTimeline, readMpd } from './read-mpd.js';

/** What an MPD is compared with. */
export interface MpdCheck {
  /** Name of the MPD in errors. */
  readonly path: string;
  readonly presentation: Presentation;
  readonly fileSizes: ReadonlyMap<string, number>;
}

/**
 * Asserts that an MPD says of the files what is so: KIDs, ranges, times, rates.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 * @example
 * checkMpd(writeMpd(presentation), { path: 'manifest.mpd', presentation, fileSizes });
 */
export function checkMpd(text: string, check: MpdCheck): void {
  const { path, presentation } = check;
  const mpd = readMpd(path, text);
  if (mpd.sets.length !== presentation.switchingSets.length) {
    throw fault(path, `has ${mpd.sets.length} adaptation sets, not ${presentation.switchingSets.length}`);
  }
  for (const set of mpd.sets) {
    const given = presentation.switchingSets.find(({ id }) => id === set.id);
    if (!given) throw fault(path, `has an adaptation set ${set.id} that was not given`);
    assertKid(set, given, check);
    assertProtectionData(path, set.protectionData, given.protection?.systems ?? []);
    for (const representation of set.representations) {
      const one = given.representations.find(({ id }) => id === representation.id);
      if (!one) throw fault(path, `has a representation ${representation.id} that was not given`);
      for (const reference of representation.references) assertInFile(path, reference, check.fileSizes);
      if (given.kind === 'thumbnails') continue;
      assertAddressing(representation, one.addressing, path);
      assertBandwidth(representation, one.addressing, mpd, check);
    }
  }
  assertDescriptors(mpd.sets, path);
  assertBoundaries(mpd.sets, path);
}

function assertKid({ id, kids }: ReadSet, { protection }: SwitchingSet, { path }: MpdCheck): void {
  const expected = protection ? [protection.kid.toLowerCase()] : [];
  if (kids.join() === expected.join()) return;
  throw fault(path, `adaptation set ${id} does not name its key`, {
    expected: expected.join() || 'no key',
    received: kids.join() || 'no key',
    clause: 'DASH-IF IOP Part 6',
  });
}

/** Where media lie, and when they are. */
function assertAddressing(
  { id, base, timeline }: ReadRepresentation,
  given: AnyAddressing,
  path: string,
): void {
  const refuse = (problem: string) => fault(path, `representation ${id}: ${problem}`);
  if (given.kind === 'file') {
    const { initRange, indexRange, segments } = given;
    const isSame = base && sameRange(base.init, initRange) && sameRange(base.index, indexRange);
    if (!isSame) throw refuse('the ranges of header and index are not those given');
    let endBytes = indexRange.endBytes;
    if (initRange.endBytes > indexRange.startBytes || endBytes > segments[0].offsetBytes) {
      throw refuse('header, index and segments overlap');
    }
    endBytes = segments[0].offsetBytes;
    for (const { offsetBytes, sizeBytes } of segments) {
      if (offsetBytes !== endBytes) throw refuse(`there is a gap in the media at ${endBytes}`);
      endBytes += sizeBytes;
    }
  }
  if (given.kind === 'segments') {
    const isSame =
      timeline?.segments.length === given.segments.length &&
      timeline.segments.every(
        ({ startTicks, durationTicks }, index) =>
          startTicks === given.segments[index].startTicks &&
          durationTicks === given.segments[index].durationTicks,
      );
    if (!isSame) throw refuse('the timeline is not that of the segments');
  }
}

function sameRange(a: { startBytes: number; endBytes: number }, b: typeof a): boolean {
  return a.startBytes === b.startBytes && a.endBytes === b.endBytes;
}

function assertBandwidth(
  { id, bandwidth, timeline }: ReadRepresentation,
  given: AnyAddressing,
  { minBufferSeconds }: { minBufferSeconds: number },
  { path, fileSizes }: MpdCheck,
): void {
  if (given.kind === 'whole') return;
  const sizes = timeline?.segments.map(({ uri }) => fileSizes.get(uri)!);
  const segments = given.segments.map((segment, index) => ({
    ...segment,
    sizeBytes: sizes?.[index] ?? segment.sizeBytes,
  }));
  const needed = dashBitsPerSecond({ timescaleHz: given.timescaleHz, segments }, minBufferSeconds);
  if (bandwidth >= needed) return;
  throw fault(path, `representation ${id} needs more bits per second than it says`, {
    expected: needed,
    received: bandwidth,
    clause: 'ISO/IEC 23009-1 5.3.5.2',
  });
}

/** Sets of one key say the same of it (DASH-IF IOP Part 6). */
function assertDescriptors(sets: readonly ReadSet[], path: string): void {
  const byKid = new Map<string, string>();
  for (const { id, kids, descriptors } of sets) {
    for (const kid of kids) {
      if ((byKid.get(kid) ?? descriptors) !== descriptors) {
        throw fault(path, `adaptation set ${id} says other things of its key than another one`, {
          received: kid,
        });
      }
      byKid.set(kid, descriptors);
    }
  }
}

/** Of one set, and of the sets that it can be switched with. */
function assertBoundaries(sets: readonly ReadSet[], path: string): void {
  for (const { id, representations, switchableIds } of sets) {
    const others = sets.filter((other) => switchableIds.includes(other.id));
    const all = [...representations, ...others.flatMap((other) => other.representations)];
    const [first, ...rest] = all.flatMap(({ timeline }) => (timeline ? [boundariesOf(timeline)] : []));
    for (const boundaries of rest) assertSameBoundaries(path, `adaptation set ${id}`, first, boundaries);
  }
}

function boundariesOf({ timescaleHz, offsetTicks, segments }: ReadTimeline): number[] {
  const { startTicks, durationTicks } = segments.at(-1)!;
  const ticks = [...segments.map((segment) => segment.startTicks), startTicks + durationTicks];
  return ticks.map((one) => (one - offsetTicks) / timescaleHz);
}

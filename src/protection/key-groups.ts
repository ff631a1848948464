import { malformed, type PrpackError } from '../errors.js';
import { FRAGMENT_GROUP_BASE, readSbgp } from '../isobmff/boxes/sbgp.js';
import type { Seig } from '../isobmff/boxes/seig.js';
import { readGroupingType, readSgpd } from '../isobmff/boxes/sgpd.js';
import { readerOf } from '../isobmff/sample-entry.js';
import type { BoxNode, FileSlice } from '../isobmff/walk.js';

/** The key groups (`sgpd` of type `seig`, ISO/IEC 23001-7 6) that a `stbl` or `traf` describes. */
export interface KeyGroups {
  readonly groups: readonly Seig[];
  /** Of samples that no `sbgp` mentions (ISO/IEC 14496-12 8.9.3); absent: these follow `tenc`. */
  readonly default?: Seig;
}

export const NO_KEY_GROUPS: KeyGroups = { groups: [] };

/** Consecutive samples of one key group; without one they follow `tenc`. */
export interface GroupRun {
  readonly count: number;
  readonly group: Seig | undefined;
}

/** @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE */
export function readKeyGroups(boxes: readonly BoxNode[], slice: FileSlice): KeyGroups {
  const box = boxes.find((candidate) => isKeyGroup(candidate, 'sgpd', slice));
  if (!box) return NO_KEY_GROUPS;
  const { seig: groups = [], defaultGroupDescriptionIndex: index = 0 } = readSgpd(readerOf(box, slice));
  if (index === 0) return { groups };
  // An index into this very box, which some writers count as `sbgp` does in fragments.
  const group = groups[(index > FRAGMENT_GROUP_BASE ? index - FRAGMENT_GROUP_BASE : index) - 1];
  if (!group) throw unknownGroup(box, index);
  return { groups, default: group };
}

/**
 * The key groups of a run of samples, in order; the last one goes on as long as samples are left.
 * @param boxes of the `traf`, or of the `stbl` that lists the samples
 * @param ofTrack the groups of the track, which a fragment may refer to
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE
 */
export function groupRuns(boxes: readonly BoxNode[], slice: FileSlice, ofTrack: KeyGroups): GroupRun[] {
  const runs: GroupRun[] = [];
  const own = readKeyGroups(boxes, slice);
  const sbgpNode = boxes.find((candidate) => isKeyGroup(candidate, 'sbgp', slice));
  if (sbgpNode) {
    const { sampleCounts, groupDescriptionIndexes } = readSbgp(readerOf(sbgpNode, slice));
    for (const [i, count] of sampleCounts.entries()) {
      const index = groupDescriptionIndexes[i];
      const group =
        index > FRAGMENT_GROUP_BASE ? own.groups[index - FRAGMENT_GROUP_BASE - 1] : ofTrack.groups[index - 1];
      if (index > 0 && !group) throw unknownGroup(sbgpNode, index);
      runs.push({ count, group });
    }
  }
  runs.push({ count: Number.POSITIVE_INFINITY, group: own.default ?? ofTrack.default });
  return runs;
}

function isKeyGroup(box: BoxNode, type: 'sgpd' | 'sbgp', slice: FileSlice): boolean {
  return box.type === type && readGroupingType(readerOf(box, slice)) === 'seig';
}

function unknownGroup(box: BoxNode, index: number): PrpackError {
  return malformed(`${box.path}: there is no key group ${index}`, {
    boxPath: box.path,
    offsetBytes: box.startBytes,
    received: index,
    clause: 'ISO/IEC 23001-7 6',
  });
}

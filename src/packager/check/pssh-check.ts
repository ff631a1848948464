import type { ByteSource } from '../../bytes/source.js';
import { describeProtectionData, type ProtectionDescription } from '../../drm/describe.js';
import { moofAt } from '../../isobmff/fragments.js';
import type { Movie } from '../../isobmff/movie.js';
import { isPsshBox } from '../../isobmff/protection-boxes.js';
import type { BoxNode, FileSlice } from '../../isobmff/walk.js';
import { readPsshBox } from '../../protection/pssh.js';
import { failed } from './failure.js';

/** What the `pssh` boxes of all fragments say. */
export function psshOfMoofs(movie: Movie, output: ByteSource): ProtectionDescription[] {
  return Array.from({ length: movie.fragments.count }, (_, index) => {
    const { node, slice } = moofAt(movie, output, index);
    return describePsshIn(node, slice);
  }).flat();
}

function describePsshIn(parent: BoxNode, slice: FileSlice): ProtectionDescription[] {
  return parent.children.filter(isPsshBox).map((box) => describeProtectionData(readPsshBox(box, slice)));
}

/**
 * The boxes of a system together list the KIDs of all encrypted tracks, unless one of `moov` lists none: it is for any,
 * and what is in fragments must do.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export function assertPsshNamesKeys(
  { moov, moovNode }: Movie,
  ofFragments: readonly ProtectionDescription[],
  kids: Iterable<string>,
): void {
  const ofMoov = describePsshIn(moovNode, moov);
  for (const systemId of new Set(ofMoov.map((box) => box.systemId))) {
    const listsOf = (boxes: readonly ProtectionDescription[]) =>
      boxes.filter((box) => box.systemId === systemId).map(({ keyIds }) => keyIds);
    const isForAny = listsOf(ofMoov).some((list) => list.length === 0);
    const inFragments = listsOf(ofFragments);
    if (isForAny && inFragments.length === 0) continue;
    const listed = new Set([...listsOf(ofMoov), ...inFragments].flat());
    for (const kid of kids) {
      if (!listed.has(kid)) throw failed(`no pssh of system ${systemId} names KID ${kid}`);
    }
  }
}

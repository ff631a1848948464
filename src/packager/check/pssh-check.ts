import type { ByteSource } from '../../bytes/source.js';
import { describeProtectionData, type ProtectionDescription } from '../../drm/describe.js';
import { moofAt } from '../../isobmff/fragments.js';
import type { Movie } from '../../isobmff/movie.js';
import { isPsshBox } from '../../isobmff/protection-boxes.js';
import { type BoxNode, bytesOf, type FileSlice } from '../../isobmff/walk.js';
import { readPsshBox } from '../../protection/pssh.js';
import { failed } from './failure.js';

/** The KIDs that `pssh` boxes of fragments list, by SystemID. Boxes are the same for a whole crypto period: each is read once. */
export class FragmentPssh {
  readonly #listed = new Map<string, Set<string>>();
  #last: readonly Uint8Array[] = [];

  /** Adds those of all fragments of a part of the movie. */
  add(movie: Movie, output: ByteSource): void {
    for (let index = 0; index < movie.fragments.count; index++) {
      const { node, slice } = moofAt(movie, output, index);
      const nodes = node.children.filter(isPsshBox);
      const boxes = nodes.map((box) => bytesOf(box, slice));
      if (isSame(boxes, this.#last)) continue;
      this.#last = boxes.map((bytes) => bytes.slice());
      for (const { systemId, keyIds } of describeAll(nodes, slice)) {
        const kids = this.#listed.get(systemId) ?? new Set();
        for (const kid of keyIds) kids.add(kid);
        this.#listed.set(systemId, kids);
      }
    }
  }

  /** Undefined where no box of the system is in a fragment. */
  kidsOf(systemId: string): ReadonlySet<string> | undefined {
    return this.#listed.get(systemId);
  }
}

function isSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((bytes, i) => Buffer.compare(bytes, b[i]) === 0);
}

function describeAll(boxes: readonly BoxNode[], slice: FileSlice): ProtectionDescription[] {
  return boxes.map((box) => describeProtectionData(readPsshBox(box, slice)));
}

/**
 * The boxes of a system together list the KIDs of all encrypted tracks, unless one of `moov` lists none: it is for any,
 * and what is in fragments must do.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export function assertPsshNamesKeys(
  { moov, moovNode }: Movie,
  ofFragments: FragmentPssh,
  kids: Iterable<string>,
): void {
  const ofMoov = describeAll(moovNode.children.filter(isPsshBox), moov);
  for (const systemId of new Set(ofMoov.map((box) => box.systemId))) {
    const lists = ofMoov.filter((box) => box.systemId === systemId).map(({ keyIds }) => keyIds);
    const inFragments = ofFragments.kidsOf(systemId);
    if (lists.some((list) => list.length === 0) && !inFragments) continue;
    const listed = new Set([...lists.flat(), ...(inFragments ?? [])]);
    for (const kid of kids) {
      if (!listed.has(kid)) throw failed(`no pssh of system ${systemId} names KID ${kid}`);
    }
  }
}

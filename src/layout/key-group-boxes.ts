import { FRAGMENT_GROUP_BASE, writeSbgp } from '../isobmff/boxes/sbgp.js';
import type { Seig } from '../isobmff/boxes/seig.js';
import { writeSeigSgpd } from '../isobmff/boxes/sgpd.js';
import type { TrackEncryption } from '../protection/track-protection.js';
import { KEY_GROUP } from './sample-groups.js';

/**
 * The group of all samples of a `traf` under the key of their crypto period (ISO/IEC 23001-7 6): one run, one entry of
 * version 1. ExoPlayer reads no other form, and looks nowhere else.
 */
export function keyGroupBoxes(encryption: TrackEncryption, from: number, count: number): Uint8Array[] {
  const group = seigOf(encryption, encryption.kids[(encryption.keyNumbers?.[from] ?? 1) - 1]);
  const sbgp = writeSbgp({
    groupingType: KEY_GROUP,
    sampleCounts: Uint32Array.of(count),
    groupDescriptionIndexes: Uint32Array.of(FRAGMENT_GROUP_BASE + 1),
  });
  return [sbgp, writeSeigSgpd([group])];
}

/** `tenc` once more, with another KID: a group replaces all defaults, the pattern too. */
function seigOf({ tenc }: Pick<TrackEncryption, 'tenc'>, kid: string): Seig {
  return {
    cryptByteBlock: tenc.defaultCryptByteBlock,
    skipByteBlock: tenc.defaultSkipByteBlock,
    isProtected: true,
    perSampleIvSize: tenc.defaultPerSampleIvSize,
    kid,
    ...(tenc.defaultConstantIv && { constantIv: tenc.defaultConstantIv }),
  };
}

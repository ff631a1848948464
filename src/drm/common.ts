import { PrpackError } from '../errors.js';
import type { ProtectionData } from './protection-data.js';
import { SYSTEM_IDS } from './system-ids.js';

/**
 * The common system's data: the KID list of a version 1 box and no data of its own
 * (W3C "cenc" Initialization Data Format, 4 "Common SystemID and PSSH Box Format").
 * @throws PrpackError INVALID_ARGUMENT without a KID
 */
export function buildCommonProtection(keyIds: readonly string[]): ProtectionData {
  if (keyIds.length === 0) {
    throw new PrpackError('INVALID_ARGUMENT', 'the common pssh box needs at least one KID', {
      clause: 'W3C "cenc" Initialization Data Format 4',
      remedy: 'Give the KIDs of the encrypted tracks, or leave the system "common" out.',
    });
  }
  return { systemId: SYSTEM_IDS.common, keyIds, data: new Uint8Array(0) };
}

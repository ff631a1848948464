import { describeProtectionData, type ProtectionDescription } from '../drm/describe.js';
import { MAX_OBJECT_BYTES } from '../drm/playready/object.js';
import { SYSTEM_IDS, systemName } from '../drm/system-ids.js';
import { PrpackError } from '../errors.js';
import { writePssh } from '../isobmff/boxes/pssh.js';
import { keyChecksum } from '../keys/checksum.js';
import type { AssignedKey, GivenProtection, KeyAlgorithm } from '../keys/key-source.js';
import { named } from '../settings/spelling.js';
import { onePsshOf, wrapPssh } from './pssh.js';

/** A `pssh` box that came with keys, and is fit to be written as it is. */
export interface GivenBox {
  readonly box: Uint8Array;
  /** Who gave it. */
  readonly origin: string;
  readonly isPlayReady: boolean;
  /** License acquisition URL of a PlayReady header. */
  readonly laUrl?: string;
}

/** A box with what it says. */
interface ReadBox extends GivenBox {
  readonly names: (kid: string) => boolean;
}

/** Longest `pssh` box that is written, in bytes: every player reads all of them before the first sample. */
const MAX_PSSH_BYTES = 64 * 1024;

/**
 * The boxes that came with the keys, by SystemID: each once, in the order of the keys.
 * @param isWanted of which systems; others are not looked at
 * @throws PrpackError KEY_SOURCE_FAILED for data that cannot be read, is of another system, names other KIDs or keys, or is there for some
 *   keys and not for others
 */
export function readGivenProtection(
  keys: readonly AssignedKey[],
  isWanted: (systemId: string) => boolean,
): Map<string, GivenBox[]> {
  const bySystem = new Map<string, Map<string, ReadBox>>();
  for (const key of keys) {
    for (const given of key.protection ?? []) {
      if (!isWanted(given.systemId)) continue;
      const boxes = bySystem.get(given.systemId) ?? new Map<string, ReadBox>();
      const read = readBox(given, key, keys);
      boxes.set(Buffer.from(read.box).toString('base64'), read);
      bySystem.set(given.systemId, boxes);
    }
  }
  return new Map(
    [...bySystem].map(([systemId, boxes]) => {
      assertAllCovered(systemId, [...boxes.values()], keys);
      return [systemId, [...boxes.values()]];
    }),
  );
}

/** Reads what came with a key. */
function readBox(given: GivenProtection, { kid }: AssignedKey, keys: readonly AssignedKey[]): ReadBox {
  const { systemId, data, origin } = given;
  const refuse = (problem: string, clause?: string) => unfit(given, kid, problem, clause);
  if (data.length > MAX_PSSH_BYTES) throw refuse(`has ${data.length} bytes, more than ${MAX_PSSH_BYTES}`);
  const { box, protection } = readPsshBytes(given, refuse);
  if (protection.systemId !== systemId) throw refuse(`is of ${systemName(protection.systemId)}`);
  const described = describeProtectionData(protection);
  if (described.problem !== undefined) throw refuse('cannot be read'); // its reason may quote what a server sent
  const lists = [protection.keyIds, described.keyIds].filter((list) => list.length > 0);
  if (lists.some((list) => !list.includes(kid))) throw refuse(`does not name this KID`);
  assertPlayReadyKeys(described, protection.data.length, keys, refuse);
  const laUrl = described.playready?.laUrl;
  return {
    box,
    origin,
    isPlayReady: described.playready !== undefined,
    ...(laUrl !== undefined && { laUrl }),
    names: (other) => other === kid || (lists.length > 0 && lists.every((list) => list.includes(other))),
  };
}

type Refuse = (problem: string, clause?: string) => PrpackError;

function wholeBox({ systemId, data, isBoxData }: GivenProtection): Uint8Array {
  if (systemId === SYSTEM_IDS.playready) return wrapPssh(data);
  return isBoxData ? writePssh({ systemId, keyIds: [], data }) : data;
}

function readPsshBytes(given: GivenProtection, refuse: Refuse) {
  try {
    const box = wholeBox(given);
    return { box, protection: onePsshOf(box) };
  } catch (error) {
    if (!(error instanceof PrpackError)) throw error;
    throw refuse('is not one whole pssh box', 'ISO/IEC 23001-7 8.1');
  }
}

const NOT_FOR: Readonly<Record<KeyAlgorithm, string>> = {
  AESCTR: 'is not for AES in counter mode',
  AESCBC: 'is not for AES in CBC mode',
};

/** A header for another key, or for another way to encrypt, would make content that nobody can play. */
function assertPlayReadyKeys(
  { playready }: ProtectionDescription,
  sizeBytes: number,
  keys: readonly AssignedKey[],
  refuse: Refuse,
): void {
  if (!playready) return;
  if (sizeBytes > MAX_OBJECT_BYTES) {
    throw refuse(`has ${sizeBytes} bytes, more than ${MAX_OBJECT_BYTES}`, 'PlayReady Header Specification 2');
  }
  for (const { kid, checksum, algId } of playready.keys) {
    const found = keys.find((key) => key.kid === kid);
    if (!found) continue;
    const { algorithm = 'AESCTR' } = found;
    // A header without ALGID leaves the mode to the license.
    if (algId !== undefined && algId !== algorithm) throw refuse(NOT_FOR[algorithm], 'ISO/IEC 23001-7 10');
    if (checksum !== undefined && checksum !== keyChecksum(found.kid, found.key)) {
      throw refuse('has the CHECKSUM of another key', 'PlayReady Header Specification 5');
    }
  }
}

/** Players that find boxes of their system look for no other: a key that none of them names could not be asked for. */
function assertAllCovered(systemId: string, boxes: readonly ReadBox[], keys: readonly AssignedKey[]): void {
  const missing = keys.find(({ kid }) => !boxes.some(({ names }) => names(kid)));
  if (!missing) return;
  const { origin } = boxes[0]!;
  throw new PrpackError(
    'KEY_SOURCE_FAILED',
    `${origin} has protection data of ${systemName(systemId)} for other keys, but none for KID ${missing.kid}`,
    { remedy: remedyFor(systemId) },
  );
}

function unfit(
  { systemId, origin }: GivenProtection,
  kid: string,
  problem: string,
  clause: string | undefined,
): PrpackError {
  return new PrpackError(
    'KEY_SOURCE_FAILED',
    `the protection data of ${systemName(systemId)} that ${origin} has for KID ${kid} ${problem}`,
    { ...(clause && { clause }), remedy: remedyFor(systemId) },
  );
}

function remedyFor(systemId: string): string {
  const own =
    systemId === SYSTEM_IDS.playready
      ? `have the PlayReady header made here with ${named('laUrl')}`
      : `name other ${named('systems')}`;
  return `Have it mended where the keys come from, or ${own}.`;
}

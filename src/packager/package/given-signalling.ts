import { SYSTEM_IDS } from '../../drm/system-ids.js';
import { PrpackError } from '../../errors.js';
import type { AssignedKey, GivenSignalling } from '../../keys/key-source.js';
import { isSystemKeyLine, METHODS } from '../../manifest/hls/keys.js';
import type { ProtectionSystem } from '../../manifest/presentation.js';
import { type PsshOptions, usesGiven } from '../../protection/pssh-boxes.js';
import type { PackageScheme } from './schemes.js';

/**
 * What manifests say of the systems of a key: what came with the key as it came, in place of what is made here. FairPlay has no box in
 * the media, so that it may come with a key alone.
 * @param systems as they are made here
 * @throws PrpackError KEY_SOURCE_FAILED for lines that are not of this scheme, or that name the key itself
 */
export function withGivenSignalling(
  systems: readonly ProtectionSystem[],
  { signalling = [] }: AssignedKey,
  scheme: PackageScheme,
  options: PsshOptions,
): ProtectionSystem[] {
  const given = new Map(
    signalling
      .filter(({ systemId }) => systemId !== SYSTEM_IDS.fairplay || scheme === 'cbcs')
      .filter(({ systemId }) => usesGiven(systemId, options))
      .map((one) => [one.systemId, checked(one, scheme)]),
  );
  const known = systems.map((system): ProtectionSystem => {
    const own = given.get(system.systemId);
    return own && system.keyUri === undefined ? { ...system, given: own } : system;
  });
  const isNew = (systemId: string) => !systems.some((system) => system.systemId === systemId);
  const added = [...given]
    .filter(([systemId]) => isNew(systemId))
    .map(
      ([systemId, own]): ProtectionSystem => ({
        name: systemId === SYSTEM_IDS.fairplay && own.hlsKey !== undefined ? 'fairplay' : 'other',
        systemId,
        given: own,
      }),
    );
  return [...known, ...added];
}

/** Systems that came with lines for the multivariant playlist: what is made here of all keys would be said twice. */
export function systemsWithSessionKeys(keys: readonly AssignedKey[], options: PsshOptions): Set<string> {
  const given = keys.flatMap(({ signalling = [] }) => signalling);
  return new Set(
    given
      .filter(({ systemId, hlsSessionKey }) => hlsSessionKey !== undefined && usesGiven(systemId, options))
      .map(({ systemId }) => systemId),
  );
}

function checked(given: GivenSignalling, scheme: PackageScheme): NonNullable<ProtectionSystem['given']> {
  const { contentProtection, hlsKey, hlsSessionKey } = given;
  return {
    ...(contentProtection !== undefined && { contentProtection }),
    ...(hlsKey !== undefined && { hlsKey: lineOf('EXT-X-KEY', hlsKey, given, scheme) }),
    ...(hlsSessionKey !== undefined && {
      hlsSessionKey: lineOf('EXT-X-SESSION-KEY', hlsSessionKey, given, scheme),
    }),
  };
}

/** The one line of this tag, with the METHOD of the scheme. */
function lineOf(
  tag: string,
  text: string,
  { systemId, origin }: GivenSignalling,
  scheme: PackageScheme,
): string {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith(`#${tag}:`));
  const [line = ''] = lines;
  const isOfScheme = new RegExp(`[:,]METHOD=${METHODS[scheme]}(,|$)`).test(line);
  if (lines.length === 1 && isOfScheme && isSystemKeyLine(tag, line)) return line.trim();
  throw new PrpackError(
    'KEY_SOURCE_FAILED',
    `the HLS signalling of system ${systemId} that ${origin} has is no ${tag} line of ${scheme}`,
    {
      expected: `one line of #${tag} with METHOD=${METHODS[scheme]}, and a KEYFORMAT other than identity`,
      clause: 'draft-pantos-hls-rfc8216bis 4.4.4.4',
      remedy: 'Have HLSSignalingData corrected where the keys come from, or left out: then it is made here.',
    },
  );
}

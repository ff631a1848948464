import { toBase64 } from '../../bytes/hex.js';
import { parseXml } from '../../bytes/xml.js';
import { PrpackError } from '../../errors.js';
import type { Protection, ProtectionSystem } from '../presentation.js';
import { element, type XmlTree } from './xml.js';

/**
 * Namespaces inside ContentProtection. Players find the license URL by the prefix `dashif` or by its namespace, so that both stay
 * exactly as they are.
 */
export const PROTECTION_NAMESPACES = {
  'xmlns:cenc': 'urn:mpeg:cenc:2013',
  'xmlns:mspr': 'urn:microsoft:playready',
  'xmlns:dashif': 'https://dashif.org/CPS',
} as const;

/** `ContentProtection@value` by system (DASH-IF register of content protection identifiers). */
const VALUES: Record<ProtectionSystem['name'], string | undefined> = {
  playready: 'MSPR 2.0',
  widevine: 'Widevine',
  fairplay: 'FairPlay',
  clearkey: 'ClearKey1.0',
  other: undefined,
};

/**
 * ContentProtection elements of a set: scheme and `default_KID`, then each system that has anything to say
 * (DASH-IF IOP Part 6, Encryption and DRM signaling in the MPD).
 * @throws PrpackError INVALID_ARGUMENT for given signalling that is not well-formed
 * @example
 * contentProtection({ scheme: 'cenc', kid: '10000000-1000-1000-1000-100000000001', systems: [] });
 */
export function contentProtection({ scheme, kid, systems }: Protection): XmlTree[] {
  const mp4Protection = element('ContentProtection', {
    schemeIdUri: 'urn:mpeg:dash:mp4protection:2011',
    value: scheme,
    'cenc:default_KID': kid,
  });
  const playable = systems.filter((system) => canPlay(system, scheme));
  return [mp4Protection, ...othersLast(playable).flatMap((system) => descriptorOf(system))];
}

/**
 * shaka-player takes a descriptor of the W3C Common system for one of Clear Key, and where it comes first, it looks nowhere else for the
 * license URL.
 */
function othersLast(systems: readonly ProtectionSystem[]): ProtectionSystem[] {
  const isOther = ({ name }: ProtectionSystem) => name === 'other';
  return [...systems.filter((system) => !isOther(system)), ...systems.filter(isOther)];
}

/** FairPlay knows one scheme only. */
function canPlay({ name }: ProtectionSystem, scheme: Protection['scheme']): boolean {
  return name !== 'fairplay' || scheme === 'cbcs';
}

function descriptorOf(system: ProtectionSystem): XmlTree[] {
  const { given, psshBox, playreadyObject, licenseUrl } = system;
  const built = [
    psshBox && element('cenc:pssh', {}, toBase64(psshBox)),
    playreadyObject && element('mspr:pro', {}, toBase64(playreadyObject)),
    licenseUrl === undefined ? undefined : element('dashif:Laurl', {}, licenseUrl),
  ];
  const children =
    given?.contentProtection === undefined ? built : [{ raw: wellFormed(given.contentProtection) }];
  if (children.every((child) => child === undefined)) return []; // an empty descriptor says nothing
  const attributes = { schemeIdUri: `urn:uuid:${system.systemId.toLowerCase()}`, value: VALUES[system.name] };
  return [element('ContentProtection', attributes, ...children)];
}

function wellFormed(fragment: string): string {
  const namespaces = Object.entries(PROTECTION_NAMESPACES).map(([name, value]) => ` ${name}="${value}"`);
  parseXml(
    `<given${namespaces.join('')}>${fragment}</given>`,
    (reason, cause) =>
      new PrpackError(
        'INVALID_ARGUMENT',
        `given content of ContentProtection is not well-formed: ${reason}`,
        {
          clause: 'DASH-IF CPIX 5.4',
          remedy: 'Ask the key server for ContentProtectionData that is well-formed XML.',
        },
        cause,
      ),
  );
  return fragment.trim();
}

import { childElements, parseXml, textOf, type XmlElement } from '../../bytes/xml.js';
import type { KeyId } from '../key-id.js';
import type { GivenProtection, GivenSignalling } from '../key-source.js';
import type { CpixDocument, CpixDrmSystem } from './document.js';
import { base64Text } from './elements.js';
import { cpixFault } from './faults.js';

/**
 * What a document wants in the file for a key: of each system its PSSH, else what its ContentProtectionData or its Smooth Streaming
 * header holds.
 * @throws PrpackError KEY_INVALID when ContentProtectionData is not well-formed
 */
export function protectionOf({ drmSystems }: CpixDocument, kid: KeyId, origin: string): GivenProtection[] {
  return drmSystems
    .filter((system) => system.kid === kid)
    .flatMap((system) => {
      const data = dataOf(system);
      return data ? [{ systemId: system.systemId, data, origin }] : [];
    });
}

/**
 * What a document wants in manifests for a key; nothing where it says nothing.
 * @throws PrpackError KEY_INVALID when ContentProtectionData is not well-formed
 */
export function signallingOf(
  { drmSystems }: CpixDocument,
  kid: KeyId,
  origin: string,
): { readonly signalling?: readonly GivenSignalling[] } {
  const signalling = drmSystems
    .filter((system) => system.kid === kid)
    .flatMap(({ systemId, contentProtectionData, hlsSignaling }) => {
      const own = {
        ...(contentProtectionData && { contentProtection: readFragment(contentProtectionData).text }),
        ...(hlsSignaling?.media && { hlsKey: hlsSignaling.media }),
        ...(hlsSignaling?.multivariant && { hlsSessionKey: hlsSignaling.multivariant }),
      };
      return Object.keys(own).length === 0 ? [] : [{ systemId, ...own, origin }];
    });
  return signalling.length === 0 ? {} : { signalling };
}

function dataOf({ pssh, contentProtectionData, smoothStreamingData }: CpixDrmSystem): Uint8Array | undefined {
  if (pssh?.length) return pssh;
  return manifestData(contentProtectionData ?? '') ?? bytesOf(smoothStreamingData ?? '');
}

/** The prefixes that manifests declare around ContentProtectionData, which often leaves them undeclared. */
const MANIFEST_PREFIXES = 'xmlns:cenc="urn:mpeg:cenc:2013" xmlns:mspr="urn:microsoft:playready"';

const FRAGMENT_LIMITS = { elements: 1000, attributes: 1000 };

/** A whole box is in `cenc:pssh`, a PlayReady Object in `mspr:pro` (DASH-IF IOP; PlayReady, "DASH content protection"). */
function manifestData(xml: string): Uint8Array | undefined {
  if (xml === '') return undefined;
  const { root } = readFragment(xml);
  const [element] = ['pssh', 'pro'].flatMap((name) => childElements(root, name));
  return element && bytesOf(textOf(element));
}

/** The elements of ContentProtectionData, and their text without an XML declaration. */
function readFragment(xml: string): { readonly root: XmlElement; readonly text: string } {
  const text = xml.replace(/^\uFEFF?\s*<\?xml[^>]*\?>/, '').trim();
  const root = parseXml(
    `<data ${MANIFEST_PREFIXES}>${text}</data>`,
    () => cpixFault('a ContentProtectionData is not well-formed XML'),
    FRAGMENT_LIMITS,
  );
  return { root, text };
}

function bytesOf(base64: string): Uint8Array | undefined {
  const bytes = base64Text(base64, 'the protection data of a DRMSystem');
  return bytes.length > 0 ? bytes : undefined;
}

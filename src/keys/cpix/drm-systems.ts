import { toBase64 } from '../../bytes/hex.js';
import { attributeOf, escapeXml, textOf, type XmlElement } from '../../bytes/xml.js';
import type { CpixDrmSystem, CpixHlsSignaling, CpixVersion } from './document.js';
import { base64Content, base64TextContent, child, children, present, requiredKeyId } from './elements.js';
import { cpixFault } from './faults.js';
import { NAMESPACES } from './names.js';
import { attributes } from './usage-rules.js';

/** A child of DRMSystem that is one text. */
interface TextChild {
  readonly field: Exclude<keyof CpixDrmSystem, 'systemId' | 'kid' | 'name' | 'pssh' | 'hlsSignaling'>;
  readonly namespace: 'cpix' | 'speke';
  readonly name: string;
  /** Whether the text stands in base64, as UTF-8. */
  readonly base64: boolean;
  /** Since 2.4 there is no such element. */
  readonly until2_3?: true;
}

/** In the order of the schema: the first two go before HLSSignalingData, the others behind. */
const TEXT_CHILDREN: readonly TextChild[] = [
  { field: 'contentProtectionData', namespace: 'cpix', name: 'ContentProtectionData', base64: true },
  { field: 'uriExtXKey', namespace: 'cpix', name: 'URIExtXKey', base64: true, until2_3: true },
  {
    field: 'smoothStreamingData',
    namespace: 'cpix',
    name: 'SmoothStreamingProtectionHeaderData',
    base64: false,
  },
  { field: 'spekeKeyFormat', namespace: 'speke', name: 'KeyFormat', base64: false },
  { field: 'spekeKeyFormatVersions', namespace: 'speke', name: 'KeyFormatVersions', base64: false },
  { field: 'spekeProtectionHeader', namespace: 'speke', name: 'ProtectionHeader', base64: false },
];

/** Reads one DRMSystem. */
export function readDrmSystem(system: XmlElement): CpixDrmSystem {
  const systemId = attributeOf(system, 'systemId')?.trim().toLowerCase();
  if (!systemId || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(systemId)) {
    throw cpixFault('DRMSystem@systemId is missing or not a UUID');
  }
  const pssh = child(system, NAMESPACES.cpix, 'PSSH');
  return {
    systemId,
    kid: requiredKeyId(system, 'kid'),
    ...present({
      name: attributeOf(system, 'name'),
      pssh: pssh && base64Content(pssh),
      hlsSignaling: readHlsSignaling(system),
    }),
    ...Object.fromEntries(TEXT_CHILDREN.flatMap((entry) => readTextChild(system, entry))),
  };
}

function readTextChild(
  system: XmlElement,
  { field, namespace, name, base64 }: TextChild,
): [string, string][] {
  const found = child(system, NAMESPACES[namespace], name);
  if (!found) return [];
  return [[field, base64 ? base64TextContent(found) : textOf(found)]];
}

/** Names of the playlists; the multivariant one is called `master` in documents before 2.4. */
const PLAYLISTS: ReadonlyMap<string, keyof CpixHlsSignaling> = new Map([
  ['media', 'media'],
  ['master', 'multivariant'],
  ['multiVariant', 'multivariant'],
]);

function readHlsSignaling(system: XmlElement): CpixHlsSignaling | undefined {
  const elements = children(system, NAMESPACES.cpix, 'HLSSignalingData');
  if (elements.length === 0) return undefined;
  const signaling: { media?: string; multivariant?: string } = {};
  for (const element of elements) {
    // "If @playlist is not present then the HLSSignalingData goes in the media playlist" (CPIX 2.4, HLSSignalingData)
    const playlist = PLAYLISTS.get(attributeOf(element, 'playlist') ?? 'media');
    if (!playlist) throw cpixFault('HLSSignalingData@playlist is neither media, multiVariant nor master');
    if (signaling[playlist] !== undefined) {
      throw cpixFault('two HLSSignalingData of a DRMSystem are for one playlist');
    }
    signaling[playlist] = base64TextContent(element);
  }
  return signaling;
}

/** XML of one DRMSystem. */
export function writeDrmSystem(system: CpixDrmSystem, version: CpixVersion): string {
  const { kid, systemId, name, pssh } = system;
  const texts = TEXT_CHILDREN.map((entry) =>
    entry.until2_3 && version >= '2.4' ? '' : writeTextChild(system, entry),
  );
  const inner = [
    pssh === undefined ? '' : `<cpix:PSSH>${toBase64(pssh)}</cpix:PSSH>`,
    ...texts.slice(0, 2),
    writeHlsSignaling(system.hlsSignaling, version),
    ...texts.slice(2),
  ].join('');
  return `<cpix:DRMSystem${attributes({ kid, systemId, name })}>${inner}</cpix:DRMSystem>`;
}

function writeTextChild(system: CpixDrmSystem, { field, namespace, name, base64 }: TextChild): string {
  const text = system[field];
  if (text === undefined) return '';
  const content = base64 ? Buffer.from(text, 'utf8').toString('base64') : escapeXml(text);
  return `<${namespace}:${name}>${content}</${namespace}:${name}>`;
}

function writeHlsSignaling(signaling: CpixHlsSignaling | undefined, version: CpixVersion): string {
  if (!signaling) return '';
  const multivariant = version < '2.4' ? 'master' : 'multiVariant';
  const write = (playlist: string, text: string | undefined) =>
    text === undefined
      ? ''
      : `<cpix:HLSSignalingData playlist="${playlist}">${Buffer.from(text, 'utf8').toString('base64')}</cpix:HLSSignalingData>`;
  return write('media', signaling.media) + write(multivariant, signaling.multivariant);
}

import { toBase64 } from '../../bytes/hex.js';
import type { BuildableSystem } from '../../drm/build.js';
import { SYSTEM_IDS } from '../../drm/system-ids.js';
import type { KeyScheme } from '../../keys/algorithm.js';
import type { CpixDrmSystem } from '../../keys/cpix/document.js';
import { type ProtectionContent, psshBox, systemData } from '../protection.js';

/** What a key's signalling is made from. */
interface Material {
  /** METHOD of HLS; absent for schemes that HLS does not know. */
  readonly method?: string;
  readonly kid: string;
  /** The whole `pssh` box, base64. */
  readonly box: string;
  /** The data inside it, base64: of PlayReady, the PlayReady Object. */
  readonly data: string;
}

/** METHOD of EXT-X-KEY (RFC 8216bis, 4.4.4.4). */
const HLS_METHODS: Readonly<Partial<Record<KeyScheme, string>>> = {
  cenc: 'SAMPLE-AES-CTR',
  cbcs: 'SAMPLE-AES',
};

/** How a system is signalled, beyond its box. */
interface Signaling {
  readonly system: BuildableSystem;
  /** Children of ContentProtection in a DASH manifest besides `cenc:pssh`. */
  readonly dash?: (material: Material) => string;
  /** `EXT-X-KEY` of HLS. */
  readonly hls?: {
    readonly keyFormat: string;
    readonly uri: (material: Material) => string;
    readonly isKeyIdWritten?: true;
  };
  /** ProtectionHeader of Smooth Streaming. */
  readonly smooth?: (material: Material) => string;
}

const SIGNALING: ReadonlyMap<string, Signaling> = new Map<string, Signaling>([
  [
    SYSTEM_IDS.playready,
    {
      system: 'playready',
      dash: ({ data }) => `<mspr:pro xmlns:mspr="urn:microsoft:playready">${data}</mspr:pro>`,
      hls: {
        keyFormat: 'com.microsoft.playready',
        uri: ({ data }) => `data:text/plain;charset=UTF-16;base64,${data}`,
      },
      smooth: ({ data }) => data,
    },
  ],
  [
    SYSTEM_IDS.widevine,
    {
      system: 'widevine',
      hls: {
        keyFormat: `urn:uuid:${SYSTEM_IDS.widevine}`,
        uri: ({ box }) => `data:text/plain;base64,${box}`,
        isKeyIdWritten: true,
      },
    },
  ],
  [SYSTEM_IDS.common, { system: 'common' }],
]);

/** An element that is asked for, with its content; one that cannot be filled stays as it came, which tells the encryptor to stop. */
export function fillSystem(asked: CpixDrmSystem, content: ProtectionContent): CpixDrmSystem {
  const kid = content.keys[0]!.record.kid;
  const signaling = SIGNALING.get(asked.systemId);
  if (!signaling) return { ...asked, kid };
  const pssh = psshBox(signaling.system, content);
  const method = HLS_METHODS[content.scheme];
  const material = {
    kid,
    ...(method && { method }),
    box: toBase64(pssh),
    data: toBase64(systemData(signaling.system, content)),
  };
  return { ...asked, kid, ...filledFields(asked, signaling, pssh, material) };
}

function filledFields(
  asked: CpixDrmSystem,
  { dash, hls, smooth }: Signaling,
  pssh: Uint8Array,
  material: Material,
): Partial<CpixDrmSystem> {
  const cencPssh = `<cenc:pssh xmlns:cenc="urn:mpeg:cenc:2013">${material.box}</cenc:pssh>`;
  const filled: Partial<CpixDrmSystem> = {
    pssh,
    contentProtectionData: cencPssh + (dash?.(material) ?? ''),
    ...(hls &&
      material.method && {
        hlsSignaling: hlsLines(hls, material),
        uriExtXKey: hls.uri(material),
        spekeKeyFormat: hls.keyFormat,
        spekeKeyFormatVersions: '1',
      }),
    ...(smooth && { smoothStreamingData: smooth(material), spekeProtectionHeader: smooth(material) }),
  };
  const wanted = Object.entries(filled).filter(
    ([field]) => asked[field as keyof CpixDrmSystem] !== undefined,
  );
  return Object.fromEntries(wanted);
}

/** `EXT-X-KEY` goes into each media playlist, `EXT-X-SESSION-KEY` into the multivariant one (RFC 8216, 4.3.2.4 and 4.3.4.5). */
function hlsLines(
  { uri, keyFormat, isKeyIdWritten }: NonNullable<Signaling['hls']>,
  material: Material,
): { media: string; multivariant: string } {
  const keyId = isKeyIdWritten ? `,KEYID=0x${material.kid.replaceAll('-', '')}` : '';
  const attributes = `METHOD=${material.method},URI="${uri(material)}"${keyId},KEYFORMAT="${keyFormat}",KEYFORMATVERSIONS="1"`;
  return { media: `#EXT-X-KEY:${attributes}`, multivariant: `#EXT-X-SESSION-KEY:${attributes}` };
}

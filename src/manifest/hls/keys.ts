import { toBase64 } from '../../bytes/hex.js';
import { uuidToBytes } from '../../bytes/uuid.js';
import { PrpackError } from '../../errors.js';
import type { Presentation, Protection, ProtectionSystem } from '../presentation.js';
import { bare, tag } from './attributes.js';

type Scheme = Protection['scheme'];

/** A key as a line of a playlist. Absent `kid`: of several. */
interface Key {
  readonly scheme: Scheme;
  readonly kid?: string;
}

/** What identifies a key to one protection system. */
interface KeySource {
  readonly keyFormat: string;
  readonly uri: string;
  /** Written in KEYID. */
  readonly kid?: string | undefined;
}

/** METHOD by scheme (draft-pantos-hls-rfc8216bis 4.4.4.4). */
export const METHODS: Record<Scheme, string> = { cenc: 'SAMPLE-AES-CTR', cbcs: 'SAMPLE-AES' };

/**
 * How each system finds its key; undefined where it has nothing to find it by. There is no row of KEYFORMAT="identity": its URI is the key
 * itself, which no manifest of protected content carries.
 */
const KEY_SOURCES: Record<
  ProtectionSystem['name'],
  (system: ProtectionSystem, key: Key) => KeySource | undefined
> = {
  playready: ({ playreadyObject }) =>
    playreadyObject && {
      keyFormat: 'com.microsoft.playready',
      uri: `data:text/plain;charset=UTF-16;base64,${toBase64(playreadyObject)}`,
    },
  widevine: ({ systemId, psshBox }, { kid }) =>
    psshBox && {
      keyFormat: `urn:uuid:${systemId.toLowerCase()}`,
      uri: `data:text/plain;base64,${toBase64(psshBox)}`,
      kid,
    },
  fairplay: ({ keyUri }, { scheme, kid }) => {
    const uri = keyUri ?? (kid && `skd://${kidHex(kid)}`);
    return uri && scheme === 'cbcs' ? { keyFormat: 'com.apple.streamingkeydelivery', uri } : undefined;
  },
  clearkey: (_, { kid }) =>
    kid === undefined
      ? undefined
      : { keyFormat: 'org.w3.clearkey', uri: `data:text/plain;base64,${toBase64(uuidToBytes(kid)!)}` },
  other: () => undefined,
};

/**
 * EXT-X-KEY lines of a media playlist, one a system: a player takes the one that it knows (draft-pantos-hls-rfc8216bis 4.4.4.4).
 * @throws PrpackError INVALID_ARGUMENT for a given line that is none
 * @example
 * keyLines({ scheme: 'cbcs', kid, systems: [{ name: 'fairplay', systemId }] });
 * // ['#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://…",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"']
 */
export function keyLines({ scheme, kid, systems }: Protection): string[] {
  return systems.flatMap((system) => lineOf('EXT-X-KEY', system.given?.hlsKey, system, { scheme, kid }));
}

/**
 * EXT-X-SESSION-KEY lines of the multivariant playlist, each once: by them players ask for licenses early, and Windows and Xbox
 * play nothing without (draft-pantos-hls-rfc8216bis 4.4.6.5; Microsoft, MP4-based formats supported by PlayReady clients).
 * What `session` has of a system and scheme stands in place of what the sets have.
 * @throws PrpackError INVALID_ARGUMENT for a given line that is none
 * @example
 * sessionKeyLines(presentation).length; // 1: of PlayReady, with all KIDs
 */
export function sessionKeyLines({ switchingSets, session = [] }: Presentation): string[] {
  const ofAllKeys = session.flatMap(({ scheme, systems }) => systems.map((system) => ({ system, scheme })));
  const isCovered = (system: ProtectionSystem, scheme: Scheme) =>
    ofAllKeys.some((one) => one.scheme === scheme && one.system.systemId === system.systemId);
  const ofSets = switchingSets.flatMap(({ protection }) =>
    (protection?.systems ?? [])
      .filter((system) => !isCovered(system, protection!.scheme))
      .map((system) => ({ system, scheme: protection!.scheme, kid: protection!.kid })),
  );
  const lines = [...ofAllKeys, ...ofSets].flatMap(({ system, ...key }) =>
    lineOf('EXT-X-SESSION-KEY', system.given?.hlsSessionKey, system, key),
  );
  return [...new Set(lines)];
}

function lineOf(name: string, given: string | undefined, system: ProtectionSystem, key: Key): string[] {
  if (given !== undefined) return [checkedLine(name, given)];
  const source = KEY_SOURCES[system.name](system, key);
  if (!source) return [];
  const { uri, kid, keyFormat } = source;
  return [
    tag(name, {
      METHOD: bare(METHODS[key.scheme]),
      URI: uri,
      KEYID: kid === undefined ? undefined : bare(`0x${kidHex(kid)}`),
      KEYFORMAT: keyFormat,
      KEYFORMATVERSIONS: '1',
    }),
  ];
}

function kidHex(kid: string): string {
  return kid.replaceAll('-', '').toLowerCase();
}

/**
 * Whether a text is one line of a tag that names a protection system. A line without KEYFORMAT is one of `identity`, whose URI is the key.
 * @param name `EXT-X-KEY` or `EXT-X-SESSION-KEY`
 */
export function isSystemKeyLine(name: string, line: string): boolean {
  const isLine = line.startsWith(`#${name}:`) && !/[\r\n]/.test(line);
  return isLine && /[:,]KEYFORMAT="(?!identity")/.test(line);
}

function checkedLine(name: string, given: string): string {
  const line = given.trim();
  if (isSystemKeyLine(name, line)) return line;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    `given HLS signalling is no ${name} line of a protection system`,
    {
      expected: `one line of #${name}, with a KEYFORMAT other than identity`,
      clause: 'draft-pantos-hls-rfc8216bis 4.4.4.4',
      remedy: 'Ask the key server for signalling of its protection systems.',
    },
  );
}

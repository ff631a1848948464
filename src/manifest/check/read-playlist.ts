import { fault, type Reference } from './fault.js';

/** What the check needs of a multivariant playlist. */
export interface ReadMultivariant {
  readonly variants: readonly ReadVariant[];
  readonly iFrameVariants: readonly ReadVariant[];
  readonly imageVariants: readonly ReadVariant[];
  readonly renditions: readonly ReadRendition[];
  readonly sessionKeys: readonly ReadKey[];
}

export interface ReadVariant {
  readonly uri: string;
  readonly bandwidth: number;
  readonly audioGroup?: string | undefined;
  readonly subtitlesGroup?: string | undefined;
}

export interface ReadRendition {
  readonly type: string;
  readonly groupId: string;
  readonly uri?: string | undefined;
}

export interface ReadKey {
  readonly keyFormat: string;
  readonly uri: string;
  /** Hexadecimal digits of KEYID. */
  readonly keyId?: string | undefined;
}

/** What the check needs of a media playlist. */
export interface ReadPlaylist {
  readonly targetSeconds: number;
  readonly isIFramesOnly: boolean;
  readonly map?: Reference;
  readonly keys: readonly ReadKey[];
  readonly segments: readonly ReadPlaylistSegment[];
}

export interface ReadPlaylistSegment extends Reference {
  readonly seconds: number;
}

type Attributes = ReadonlyMap<string, string>;

/**
 * Reads a multivariant playlist back (draft-pantos-hls-rfc8216bis 4.4.6).
 * @param path name of the playlist in errors
 * @throws PrpackError OUTPUT_CHECK_FAILED for what a player could not read
 * @example
 * readMultivariant('main.m3u8', text).variants.map(({ uri }) => uri);
 */
export function readMultivariant(path: string, text: string): ReadMultivariant {
  const lines = linesOf(path, text);
  const listOf = (name: string) => lines.flatMap((line) => attributesOf(path, line, name) ?? []);
  const variants = lines.flatMap((line, index) => {
    const attributes = attributesOf(path, line, 'EXT-X-STREAM-INF');
    if (!attributes) return [];
    const uri = lines[index + 1] ?? '';
    if (uri.startsWith('#') || uri === '') throw fault(path, 'a variant has no URI');
    return [variantOf(attributes, uri)];
  });
  return {
    variants,
    iFrameVariants: listOf('EXT-X-I-FRAME-STREAM-INF').map((one) => variantOf(one, one.get('URI') ?? '')),
    imageVariants: listOf('EXT-X-IMAGE-STREAM-INF').map((one) => variantOf(one, one.get('URI') ?? '')),
    renditions: listOf('EXT-X-MEDIA').map((one) => ({
      type: one.get('TYPE') ?? '',
      groupId: one.get('GROUP-ID') ?? '',
      uri: one.get('URI'),
    })),
    sessionKeys: listOf('EXT-X-SESSION-KEY').map(keyOf),
  };
}

/**
 * Reads a media playlist of one header back (draft-pantos-hls-rfc8216bis 4.4.2 to 4.4.4).
 * @param path name of the playlist in errors
 * @throws PrpackError OUTPUT_CHECK_FAILED for what a player could not read
 * @example
 * readPlaylist('v.m3u8', text).segments.length; // 4
 */
export function readPlaylist(path: string, text: string): ReadPlaylist {
  const lines = linesOf(path, text);
  if (lines.at(-1) !== '#EXT-X-ENDLIST') throw fault(path, 'does not end with EXT-X-ENDLIST');
  const [map] = lines.flatMap((line) => attributesOf(path, line, 'EXT-X-MAP') ?? []);
  const segments: ReadPlaylistSegment[] = [];
  let seconds: number | undefined;
  let range: Reference['range'];
  for (const line of lines) {
    seconds = numberAfter(line, '#EXTINF:') ?? seconds;
    if (line.startsWith('#EXT-X-BYTERANGE:')) range = byteRangeOf(path, line.slice(17));
    if (line.startsWith('#')) continue;
    if (seconds === undefined) throw fault(path, `segment ${line} has no duration`);
    segments.push({ uri: line, seconds, ...(range && { range }) });
    seconds = range = undefined;
  }
  return {
    targetSeconds:
      lines.map((line) => numberAfter(line, '#EXT-X-TARGETDURATION:')).find(Number.isFinite) ?? 0,
    isIFramesOnly: lines.includes('#EXT-X-I-FRAMES-ONLY'),
    ...(map && { map: mapOf(path, map) }),
    keys: lines.flatMap((line) => attributesOf(path, line, 'EXT-X-KEY') ?? []).map(keyOf),
    segments,
  };
}

function linesOf(path: string, text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (lines[0] !== '#EXTM3U') throw fault(path, 'does not begin with #EXTM3U');
  return lines;
}

/** The attributes of a line of this tag; undefined for any other. */
function attributesOf(path: string, line: string, name: string): Attributes | undefined {
  if (!line.startsWith(`#${name}:`)) return undefined;
  const list = line.slice(name.length + 2);
  const attribute = /([A-Z0-9-]+)=("[^"]*"|[^",]+)(?:,|$)/y;
  const found = new Map<string, string>();
  while (attribute.lastIndex < list.length) {
    const [, key, value] = attribute.exec(list) ?? [];
    if (key === undefined || found.has(key)) throw fault(path, `has a malformed ${name}`);
    found.set(key, value.replace(/^"|"$/g, ''));
  }
  return found;
}

function variantOf(attributes: Attributes, uri: string): ReadVariant {
  return {
    uri,
    bandwidth: Number(attributes.get('BANDWIDTH')),
    audioGroup: attributes.get('AUDIO'),
    subtitlesGroup: attributes.get('SUBTITLES'),
  };
}

/** Without KEYFORMAT, a key is of `identity`. */
function keyOf(attributes: Attributes): ReadKey {
  return {
    keyFormat: attributes.get('KEYFORMAT') ?? 'identity',
    uri: attributes.get('URI') ?? '',
    keyId: attributes.get('KEYID')?.replace(/^0x/i, '').toLowerCase(),
  };
}

function mapOf(path: string, attributes: Attributes): Reference {
  const range = attributes.get('BYTERANGE');
  return {
    uri: attributes.get('URI') ?? '',
    ...(range !== undefined && { range: byteRangeOf(path, range) }),
  };
}

function byteRangeOf(path: string, text: string) {
  const [, size, start] = /^(\d+)@(\d+)$/.exec(text) ?? [];
  if (size === undefined) throw fault(path, 'has a byte range without size or offset', { received: text });
  return { startBytes: Number(start), endBytes: Number(start) + Number(size) };
}

function numberAfter(line: string, start: string): number | undefined {
  return line.startsWith(start) ? Number.parseFloat(line.slice(start.length)) : undefined;
}

import { toHex } from '../../bytes/hex.js';
import { peakBitsPerSecond } from '../bandwidth.js';
import type { HlsPlaylists } from '../hls/playlists.js';
import type { Presentation, Protection } from '../presentation.js';
import { assertInFile, assertProtectionData, assertSameBoundaries, fault } from './fault.js';
import { type GivenTrack, tracksByUri } from './given-tracks.js';
import { type ReadKey, type ReadPlaylist, readMultivariant, readPlaylist } from './read-playlist.js';

/** What playlists are compared with. */
export interface HlsCheck {
  /** Name of the multivariant playlist in errors. */
  readonly path: string;
  readonly presentation: Presentation;
  readonly fileSizes: ReadonlyMap<string, number>;
}

/** A playlist that was read, and the track that its segments are of. */
interface TrackPlaylist extends ReadPlaylist {
  readonly uri: string;
  readonly track: GivenTrack;
}

/** What playlists are compared with each other by. The segments of all of them at once would take much memory. */
interface CheckedPlaylist extends Omit<TrackPlaylist, 'map' | 'keys' | 'segments'> {
  /** In seconds: where segments begin, and where the last one ends. */
  readonly boundaries: readonly number[];
  readonly peakBitsPerSecond: number;
}

const CLEAR_KEY = 'org.w3.clearkey';
const CLEAR_KEY_URI = 'data:text/plain;base64,';

/**
 * Asserts that playlists say of the files what is so: ranges, times, keys, rates, and of each other, too.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 * @example
 * checkHls(writeHls(presentation), { path: 'main.m3u8', presentation, fileSizes });
 */
export function checkHls({ multivariant, media }: HlsPlaylists, check: HlsCheck): void {
  const tracks = tracksByUri(check.presentation);
  const playlists = [...media].map(([uri, text]) => checkPlaylist(uri, text, tracks, check));
  const [first, ...others] = playlists.filter(({ track }) => track.kind !== 'thumbnails'); // sheets show for minutes
  for (const other of others) assertSameTarget(other, first);
  assertBoundaries(playlists);
  assertMultivariant(multivariant, new Map(playlists.map((one) => [one.uri, one])), check);
}

/** A playlist by itself. */
function checkPlaylist(
  uri: string,
  text: string,
  tracks: ReadonlyMap<string, GivenTrack>,
  { fileSizes }: HlsCheck,
): CheckedPlaylist {
  const read = readPlaylist(uri, text);
  const { targetSeconds, isIFramesOnly, segments } = read;
  const track = tracks.get(segments[0]?.uri ?? '');
  if (!track) throw fault(uri, 'has no segment of a track that was given');
  const playlist = { ...read, uri, track };
  assertResources(playlist, fileSizes);
  assertDurations(playlist);
  assertKeys(playlist);
  return {
    uri,
    track,
    targetSeconds,
    isIFramesOnly,
    boundaries: boundariesOf(read),
    peakBitsPerSecond: peakOfPlaylist(read, fileSizes),
  };
}

/** Ranges lie in their files; segments of one file follow each other behind the header. */
function assertResources(
  { uri, map, segments, isIFramesOnly }: TrackPlaylist,
  fileSizes: HlsCheck['fileSizes'],
): void {
  if (map) assertInFile(uri, map, fileSizes);
  let endBytes: number | undefined;
  for (const segment of segments) {
    assertInFile(uri, segment, fileSizes);
    if (!segment.range || isIFramesOnly) continue;
    const { startBytes } = segment.range;
    const follows =
      endBytes === undefined ? startBytes >= (map?.range?.endBytes ?? 0) : startBytes === endBytes;
    if (!follows) {
      throw fault(uri, 'segments do not follow each other', {
        expected: endBytes ?? map?.range?.endBytes ?? 0,
        received: startBytes,
        offsetBytes: startBytes,
      });
    }
    endBytes = segment.range.endBytes;
  }
}

function assertDurations({ uri, track, segments, targetSeconds, isIFramesOnly }: TrackPlaylist): void {
  const given = track.segmentSeconds;
  const total = (seconds: readonly number[]) => seconds.reduce((sum, one) => sum + one, 0);
  const differs = (a: number, b: number) => Math.abs(a - b) > 1e-3;
  const wrong = isIFramesOnly
    ? -1
    : segments.findIndex(({ seconds }, index) => differs(seconds, given[index]));
  if (wrong >= 0 || (!isIFramesOnly && segments.length !== given.length)) {
    throw fault(uri, `segment ${Math.max(wrong, 0) + 1} does not last as long as its samples`, {
      expected: `${given.length} segments; ${given[wrong]} s`,
      received: `${segments.length} segments; ${segments[wrong]?.seconds} s`,
      clause: 'draft-pantos-hls-rfc8216bis 4.4.4.1',
    });
  }
  const sum = total(segments.map(({ seconds }) => seconds));
  if (differs(sum, total(given)) && !isIFramesOnly) {
    throw fault(uri, 'does not last as long as its track', { expected: total(given), received: sum });
  }
  const tooLong = segments.find(({ seconds }) => Math.round(seconds) > targetSeconds);
  if (!tooLong) return;
  throw fault(uri, 'has a segment longer than EXT-X-TARGETDURATION', {
    expected: targetSeconds,
    received: tooLong.seconds,
    clause: 'draft-pantos-hls-rfc8216bis 4.4.3.1',
  });
}

/** Only subtitles may have a longer one (draft-pantos-hls-rfc8216bis 6.2.4). */
function assertSameTarget({ uri, track, targetSeconds }: CheckedPlaylist, first: CheckedPlaylist): void {
  if (targetSeconds === first.targetSeconds) return;
  if (track.kind === 'text' && targetSeconds > first.targetSeconds) return;
  throw fault(uri, `has another EXT-X-TARGETDURATION than ${first.uri}`, {
    expected: first.targetSeconds,
    received: targetSeconds,
  });
}

function assertKeys({ uri, track, keys }: TrackPlaylist): void {
  const isProtected = track.protection !== undefined;
  if (isProtected !== keys.length > 0) {
    throw fault(uri, isProtected ? 'names no key of protected segments' : 'names a key of clear segments', {
      clause: 'draft-pantos-hls-rfc8216bis 4.4.4.4',
      ...(isProtected && { remedy: 'Add a protection system that HLS has a KEYFORMAT for.' }),
    });
  }
  if (track.protection) for (const key of keys) assertKeyIs(uri, key, [track.protection]);
}

/** Of one of these: by its KID, and by the data of its system. */
function assertKeyIs(path: string, key: ReadKey, protections: readonly Partial<Protection>[]): void {
  if (key.keyFormat === 'identity') {
    throw fault(path, 'has KEYFORMAT="identity", which gives the key away or a wrong one');
  }
  const kid = kidOf(key);
  const kids = protections.flatMap((one) => one.kid ?? []);
  if (kid !== undefined && !kids.some((one) => one.replaceAll('-', '').toLowerCase() === kid)) {
    throw fault(path, 'names another key than that of its segments', {
      expected: kids.join(),
      received: kid,
      clause: 'draft-pantos-hls-rfc8216bis 4.4.4.4',
    });
  }
  const [, data] = /^data:.*;base64,(.*)$/.exec(key.uri) ?? [];
  if (data === undefined || key.keyFormat === CLEAR_KEY) return;
  assertProtectionData(
    path,
    [data],
    protections.flatMap(({ systems = [] }) => systems),
  );
}

/** Hexadecimal digits of the KID; undefined where only the protection system can tell. */
function kidOf({ keyFormat, keyId, uri }: ReadKey): string | undefined {
  if (keyId !== undefined || keyFormat !== CLEAR_KEY || !uri.startsWith(CLEAR_KEY_URI)) return keyId;
  return toHex(Buffer.from(uri.slice(CLEAR_KEY_URI.length), 'base64'));
}

/** Playlists of one set begin their segments together. */
function assertBoundaries(playlists: readonly CheckedPlaylist[]): void {
  const bySet = new Map<number, CheckedPlaylist>();
  for (const playlist of playlists.filter(({ isIFramesOnly }) => !isIFramesOnly)) {
    const first = bySet.get(playlist.track.setId) ?? playlist;
    bySet.set(playlist.track.setId, first);
    const who = `${first.uri} and ${playlist.uri}`;
    assertSameBoundaries(playlist.uri, who, first.boundaries, playlist.boundaries);
  }
}

function boundariesOf({ segments }: ReadPlaylist): number[] {
  let seconds = 0;
  return [0, ...segments.map((segment) => (seconds += segment.seconds))];
}

function assertMultivariant(
  text: string,
  playlists: ReadonlyMap<string, CheckedPlaylist>,
  { path, presentation }: HlsCheck,
): void {
  const { variants, iFrameVariants, imageVariants, renditions, sessionKeys } = readMultivariant(path, text);
  const peakOf = (uri: string | undefined) => {
    const playlist = playlists.get(uri ?? '');
    if (!playlist) throw fault(path, `refers to ${uri}, which does not exist`, { received: uri ?? '' });
    return playlist.peakBitsPerSecond;
  };
  const groupPeak = (type: string, groupId: string | undefined) => {
    const members = renditions.filter((one) => one.type === type && one.groupId === groupId);
    if (groupId !== undefined && members.length === 0) throw fault(path, `has no group ${groupId}`);
    return Math.max(0, ...members.map(({ uri }) => peakOf(uri)));
  };
  for (const { uri, bandwidth, audioGroup, subtitlesGroup } of [
    ...variants,
    ...iFrameVariants,
    ...imageVariants,
  ]) {
    const isVideo = playlists.get(uri)?.track.kind === 'video';
    const own = peakOf(uri);
    const needed =
      (isVideo || audioGroup === undefined ? own : 0) +
      groupPeak('AUDIO', audioGroup) +
      groupPeak('SUBTITLES', subtitlesGroup);
    if (bandwidth >= needed) continue;
    throw fault(path, `the variant ${uri} needs more bits per second than it says`, {
      expected: needed,
      received: bandwidth,
      clause: 'draft-pantos-hls-rfc8216bis 4.4.6.2',
    });
  }
  const protections = presentation.switchingSets.flatMap(({ protection }) => protection ?? []);
  for (const key of sessionKeys) assertKeyIs(path, key, [...protections, ...(presentation.session ?? [])]);
}

/** From durations and ranges as they were read, and the sizes of files. */
function peakOfPlaylist({ segments, targetSeconds }: ReadPlaylist, fileSizes: HlsCheck['fileSizes']): number {
  const timed = segments.map(({ uri, range, seconds }) => ({
    startTicks: 0,
    durationTicks: Math.round(seconds * 1e6),
    sizeBytes: range ? range.endBytes - range.startBytes : fileSizes.get(uri)!,
  }));
  // The rounding of EXTINF may make a segment a millionth part shorter.
  return Math.floor(peakBitsPerSecond({ timescaleHz: 1e6, segments: timed }, targetSeconds) * (1 - 1e-5));
}

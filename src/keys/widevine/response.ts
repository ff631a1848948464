import { fromBase64 } from '../../bytes/hex.js';
import { bytesToUuid } from '../../bytes/uuid.js';
import { PrpackError } from '../../errors.js';
import { ContentKey } from '../content-key.js';
import type { HttpResponse } from '../http/client.js';
import { bodyText } from '../http/text.js';
import { type KeyId, parseKeyId } from '../key-id.js';
import type { GivenProtection } from '../key-source.js';
import { DRM_TYPES, type WidevineRequest, type WidevineTrackType } from './message.js';
import { isTransientStatus, statusRefusal } from './status.js';

/** The key that a server gives a class of tracks. */
export interface WidevineKey {
  readonly type: WidevineTrackType;
  readonly kid: KeyId;
  readonly key: ContentKey;
  readonly protection: readonly GivenProtection[];
}

type Json = Readonly<Record<string, unknown>>;

/** Whether the server says that it failed and may be asked again. */
export function isTransientAnswer(response: HttpResponse): boolean {
  if (response.status < 200 || response.status >= 300) return false;
  try {
    return isTransientStatus(innerOf(response).status);
  } catch {
    return false; // read again, and refused, as an answer
  }
}

/**
 * The keys of an answer, one for each class that was asked for ("Common Encryption API for Widevine DRM", response).
 * @throws PrpackError KEY_SOURCE_FAILED
 */
export function readWidevineAnswer(response: HttpResponse, asked: WidevineRequest): WidevineKey[] {
  const { url } = response;
  const { status, tracks } = innerOf(response);
  if (status !== 'OK') throw statusRefusal(url, status, asked);
  const given = Array.isArray(tracks) ? tracks.filter(isObject) : [];
  return asked.trackTypes.map((type) => {
    const [track, second] = given.filter((one) => isOfClass(one, type, asked));
    if (track && second && (track.key_id !== second.key_id || track.key !== second.key))
      throw wrong(url, `two keys for ${type} tracks`);
    if (!track) throw wrong(url, `no key for ${type} tracks`);
    return keyOf(track, type, url);
  });
}

/** Names of classes come in either case. Where one crypto period was asked for, a track need not say of which it is. */
function isOfClass(track: Json, type: WidevineTrackType, { period }: WidevineRequest): boolean {
  const { type: name, crypto_period_index: index } = track;
  const isType = typeof name === 'string' && name.toUpperCase() === type;
  return isType && (period === undefined || index === undefined || index === period.index);
}

function keyOf(track: Json, type: WidevineTrackType, url: string): WidevineKey {
  const kid = bytesOf(track.key_id);
  const key = bytesOf(track.key);
  if (kid?.length !== 16) throw wrong(url, `a key_id of the wrong form for ${type} tracks`);
  if (key?.length !== 16) throw wrong(url, `a key of the wrong form for ${type} tracks`);
  return {
    type,
    kid: parseKeyId(bytesToUuid(kid)),
    key: ContentKey.fromBytes(key),
    protection: protectionOf(track, type, url),
  };
}

/** What is to stand in the file: of each system its whole boxes where they are given, else its data. */
function protectionOf({ pssh }: Json, type: WidevineTrackType, url: string): GivenProtection[] {
  const entries = Array.isArray(pssh) ? pssh.filter(isObject) : [];
  return entries.flatMap(({ drm_type: drmType, data, boxes }): GivenProtection[] => {
    const systemId = Object.entries(DRM_TYPES).find(([name]) => name === drmType)?.[1];
    if (systemId === undefined) return [];
    const bytes = bytesOf(boxes ?? data);
    if (!bytes?.length) throw wrong(url, `pssh data of the wrong form for ${type} tracks`);
    if (boxes === undefined) return [{ systemId, data: bytes, isBoxData: true, origin: url }];
    return boxesIn(bytes).map((box) => ({ systemId, data: box, origin: url }));
  });
}

/** Boxes one behind the other; what is no box is left in one piece, for those who read it to refuse. */
function boxesIn(bytes: Uint8Array): Uint8Array[] {
  const boxes: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const sizeBytes = bytes.length - at >= 8 ? view.getUint32(at) : 0;
    if (sizeBytes < 8 || sizeBytes > bytes.length - at) return [bytes];
    boxes.push(bytes.subarray(at, at + sizeBytes));
    at += sizeBytes;
  }
  return boxes;
}

/** The answer itself: it comes as base64 in a message around it. */
function innerOf(response: HttpResponse): Json {
  const { response: encoded } = parse(bodyText(response), response.url);
  const bytes = bytesOf(encoded);
  if (!bytes) throw wrong(response.url, 'a message without "response" in base64');
  return parse(Buffer.from(bytes).toString('utf8'), response.url);
}

/** The text may hold a key, and errors of the parser quote it: they are not kept. */
function parse(text: string, url: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // said below
  }
  throw wrong(url, 'an answer that is not a JSON object');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? fromBase64(value) : undefined;
}

function wrong(url: string, what: string): PrpackError {
  return new PrpackError('KEY_SOURCE_FAILED', `${url} gave ${what}`, {
    clause: 'Common Encryption API for Widevine DRM, response',
    remedy:
      'Check that the URL is that of a Widevine key server, and at its operator which tracks it gives keys for.',
  });
}

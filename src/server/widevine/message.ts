import { z } from 'zod';
import { fromBase64, toBase64 } from '../../bytes/hex.js';
import { uuidToBytes } from '../../bytes/uuid.js';
import { isKeyScheme, type KeyScheme } from '../../keys/algorithm.js';
import type { OpenedKey } from '../content-keys.js';
import { parseJson } from '../json-body.js';

/** Classes of tracks that have keys of their own. */
const TRACK_TYPES = ['SD', 'HD', 'UHD1', 'UHD2', 'AUDIO'] as const;

/** Crypto periods of one request. */
const MAX_PERIODS = 100;

/** What went wrong, in the words of the API. */
export type WidevineStatus =
  | 'OK'
  | 'MALFORMED_REQUEST'
  | 'CONTENT_ID_MISSING'
  | 'TRACK_TYPE_MISSING'
  | 'TRACK_TYPE_UNKNOWN'
  | 'INTERNAL_ERROR';

/** The outer message: the request itself is base64 inside it, signed. */
export const SignedRequest = z.object({
  request: z.string(),
  signature: z.string().optional(),
  signer: z.string().optional(),
});

const Request = z.object({
  content_id: z.string().default(''),
  tracks: z.array(z.object({ type: z.string() })).default([]),
  drm_types: z.array(z.string()).default(['WIDEVINE']),
  protection_scheme: z.union([z.string(), z.int().min(0).max(0xffffffff)]).optional(),
  first_crypto_period_index: z.int().min(0).max(0xffffffff).optional(),
  crypto_period_count: z.int().min(1).max(MAX_PERIODS).default(1),
  /** What a period lasts is the packager's business: its index names it. */
  crypto_period_seconds: z.number().optional(),
});

/** What a packager asks for. */
export interface WidevineRequest {
  /** The content's id as text: UTF-8 where it is that, else hexadecimal digits. */
  readonly contentId: string;
  readonly trackTypes: readonly string[];
  readonly scheme: KeyScheme;
  readonly drmTypes: readonly string[];
  /** Crypto periods that each have keys of their own; undefined alone when keys do not rotate. */
  readonly periods: readonly (number | undefined)[];
}

/** A request that is refused in the words of the API. */
export class WidevineRefusal extends Error {
  readonly status: WidevineStatus;

  constructor(status: WidevineStatus) {
    super(status);
    this.status = status;
  }
}

/** @throws WidevineRefusal */
export function readWidevineRequest(encoded: string): WidevineRequest {
  const request = parseRequest(encoded);
  const contentId = fromBase64(request.content_id);
  if (!contentId?.length) throw new WidevineRefusal('CONTENT_ID_MISSING');
  const trackTypes = [...new Set(request.tracks.map(({ type }) => type))];
  if (trackTypes.length === 0) throw new WidevineRefusal('TRACK_TYPE_MISSING');
  if (!trackTypes.every(isTrackType)) throw new WidevineRefusal('TRACK_TYPE_UNKNOWN');
  const scheme = schemeOf(request.protection_scheme);
  if (!scheme) throw new WidevineRefusal('MALFORMED_REQUEST');
  const { first_crypto_period_index: first, crypto_period_count: count } = request;
  return {
    contentId: textOfId(contentId),
    trackTypes,
    scheme,
    drmTypes: request.drm_types,
    periods: first === undefined ? [undefined] : Array.from({ length: count }, (_, i) => first + i),
  };
}

/** A key of the answer. `pssh`: what goes into the `pssh` boxes, by DRM type. */
export interface WidevineTrack {
  readonly type: string;
  readonly period: number | undefined;
  readonly key: OpenedKey;
  readonly pssh: ReadonlyMap<string, Uint8Array>;
}

export function writeWidevineResponse(tracks: readonly WidevineTrack[]): object {
  return encode({
    status: 'OK' satisfies WidevineStatus,
    tracks: tracks.map(({ type, period, key, pssh }) => ({
      type,
      key_id: toBase64(uuidToBytes(key.record.kid)!),
      key: toBase64(key.key.revealBytes()),
      pssh: [...pssh].map(([drmType, data]) => ({ drm_type: drmType, data: toBase64(data) })),
      ...(period !== undefined && { crypto_period_index: period }),
    })),
  });
}

export function writeWidevineRefusal(status: WidevineStatus): object {
  return encode({ status });
}

function encode(message: object): object {
  return { response: Buffer.from(JSON.stringify(message)).toString('base64') };
}

function parseRequest(encoded: string): z.output<typeof Request> {
  const bytes = fromBase64(encoded);
  if (!bytes) throw new WidevineRefusal('MALFORMED_REQUEST');
  try {
    return Request.parse(parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    throw new WidevineRefusal('MALFORMED_REQUEST');
  }
}

function isTrackType(type: string): boolean {
  return (TRACK_TYPES as readonly string[]).includes(type);
}

/** By name in either case, or by the number of its four characters; `cenc` where there is none. */
function schemeOf(given: string | number = 'cenc'): KeyScheme | undefined {
  const name = typeof given === 'number' ? fourccOf(given) : given.toLowerCase();
  return isKeyScheme(name) ? name : undefined;
}

function fourccOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => String.fromCharCode((number >>> shift) & 0xff)).join('');
}

function textOfId(contentId: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(contentId);
    if (/^[^\p{Cc}\p{Cn}]+$/u.test(text)) return text;
  } catch {
    // Bytes that are no text.
  }
  return Buffer.from(contentId).toString('hex');
}

import { toBase64 } from '../../bytes/hex.js';
import type { KeyScheme } from '../algorithm.js';
import type { CryptoPeriod } from '../crypto-period.js';
import type { WidevineSigningKey } from './signing-key.js';

/** Classes of tracks that the API has keys for. */
export const WIDEVINE_TRACK_TYPES = ['SD', 'HD', 'UHD1', 'UHD2', 'AUDIO'] as const;

export type WidevineTrackType = (typeof WIDEVINE_TRACK_TYPES)[number];

/** Systems whose `pssh` data the API can be asked for, by its names of them: WIDEVINE is always asked for. */
export const DRM_TYPES = {
  WIDEVINE: 'edef8ba9-79d6-4ace-a3c8-27dcd51d21ed',
  PLAYREADY: '9a04f079-9840-4286-ab92-e65be0885f95',
} as const;

export type WidevineDrmType = keyof typeof DRM_TYPES;

/** What keys are asked for. */
export interface WidevineRequest {
  readonly contentId: string;
  /** Name of a policy that the provider has registered. */
  readonly policy: string;
  readonly trackTypes: readonly WidevineTrackType[];
  readonly drmTypes: readonly WidevineDrmType[];
  readonly scheme: KeyScheme;
  /** Where keys rotate. */
  readonly period?: CryptoPeriod | undefined;
}

/** Who asks. */
export interface WidevineSigner {
  readonly name: string;
  readonly key: WidevineSigningKey;
}

/**
 * The message that asks for keys ("Common Encryption API for Widevine DRM", request): the request in base64, and its signature where the
 * server lets signers in alone.
 */
export function widevineMessage(asked: WidevineRequest, signer: WidevineSigner | undefined): string {
  const request = Buffer.from(JSON.stringify(requestOf(asked)), 'utf8');
  return JSON.stringify({
    request: toBase64(request),
    ...(signer && { signature: toBase64(signer.key.sign(request)), signer: signer.name }),
  });
}

function requestOf({ contentId, policy, trackTypes, drmTypes, scheme, period }: WidevineRequest): object {
  return {
    content_id: toBase64(Buffer.from(contentId, 'utf8')),
    policy,
    tracks: trackTypes.map((type) => ({ type })),
    drm_types: drmTypes,
    protection_scheme: scheme.toUpperCase(),
    ...(period && periodFields(period)),
  };
}

/** One period at a time: a server may well register each key it gives. Its length is a whole number of seconds, or left out. */
function periodFields({ index, durationSeconds }: CryptoPeriod): object {
  return {
    first_crypto_period_index: index,
    crypto_period_count: 1,
    ...(Number.isSafeInteger(durationSeconds) && { crypto_period_seconds: durationSeconds }),
  };
}

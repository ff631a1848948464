import { PrpackError } from '../../errors.js';
import { checkOptions } from '../../settings/check.js';
import { named } from '../../settings/spelling.js';
import type { KeyScheme } from '../algorithm.js';
import type { ContentKey } from '../content-key.js';
import type { HttpClient } from '../http/client.js';
import { assertSuccess } from '../http/failure.js';
import type { KeyId } from '../key-id.js';
import {
  type AssignedKey,
  assignTo,
  type KeyLookup,
  type KeySource,
  type TrackKeyRequest,
} from '../key-source.js';
import { type KeyPer, trackClassOf } from '../speke/track-class.js';
import {
  DRM_TYPES,
  WIDEVINE_TRACK_TYPES,
  type WidevineDrmType,
  type WidevineRequest,
  type WidevineTrackType,
  widevineMessage,
} from './message.js';
import { isTransientAnswer, readWidevineAnswer, type WidevineKey } from './response.js';
import type { WidevineSigningKey } from './signing-key.js';

export interface WidevineOptions {
  /** Of a server of the Common Encryption API for Widevine DRM, such as `https://keys.example.com/getcontentkey/example`. */
  readonly url: string;
  readonly client: HttpClient;
  readonly contentId: string;
  /** Who asks, as the server knows the signer: with `signingKey`, or neither where the server lets in by other means. */
  readonly signer?: string;
  readonly signingKey?: WidevineSigningKey;
  /** Name of a policy that is registered at the server. Default: the one that the server has for everything. */
  readonly policy?: string;
  /** Encryption scheme of tracks that do not say theirs. Default `cenc`. */
  readonly scheme?: KeyScheme;
  /** What has a key of its own. Default `resolution`. */
  readonly keyPer?: KeyPer;
}

/**
 * Keys of a server of the Common Encryption API for Widevine DRM. Every `assign` asks once for the classes of all its tracks, and so there is
 * a request for each crypto period. The same question has the same answer, so that a request without an answer is repeated.
 */
export class WidevineKeySource implements KeySource, KeyLookup {
  readonly canRotate = true;
  readonly #options: WidevineOptions;
  readonly #keys = new Map<KeyId, ContentKey>();

  constructor(options: WidevineOptions) {
    checkOptions('WidevineKeySource', options);
    this.#options = options;
    if ((options.signer === undefined) !== (options.signingKey === undefined)) {
      throw new PrpackError('INVALID_ARGUMENT', 'the name of a signer and its signing key belong together', {
        remedy: `Give both, ${named('widevineSigner')} and ${named('widevineSigningKeyFile')}, or neither.`,
      });
    }
  }

  async assign(
    requests: readonly TrackKeyRequest[],
    systemIds: readonly string[] = [],
  ): Promise<AssignedKey[]> {
    const { contentId, policy = '', scheme = 'cenc', keyPer = 'resolution' } = this.#options;
    const types = TYPES_OF[keyPer](requests);
    const { scheme: ownScheme = scheme, period } = requests[0] ?? {};
    const given = await this.#ask({
      contentId,
      policy,
      trackTypes: WIDEVINE_TRACK_TYPES.filter((type) => types.includes(type)),
      drmTypes: drmTypesOf(systemIds),
      scheme: ownScheme,
      period,
    });
    for (const { kid, key } of given) this.#keys.set(kid, key);
    return requests.map((request, i) => {
      const { kid, key, protection } = given.find(({ type }) => type === types[i])!;
      const { label } = trackClassOf(request, keyPer);
      return assignTo(
        { ...request, scheme: ownScheme },
        { kid, key, protection, source: 'widevine', ...(label !== undefined && { label }) },
      );
    });
  }

  async find(kid: KeyId): Promise<ContentKey | undefined> {
    return this.#keys.get(kid);
  }

  async #ask(asked: WidevineRequest): Promise<WidevineKey[]> {
    const { url, client, signer, signingKey } = this.#options;
    const response = await client.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: widevineMessage(asked, signingKey && { name: signer!, key: signingKey }),
      isIdempotent: true,
      isTransient: isTransientAnswer,
    });
    return readWidevineAnswer(assertSuccess(response, named('widevineAuth')), asked);
  }
}

/**
 * The class that each track has its key of. A key for several classes is the one of the highest of them, so that what the provider demands for
 * it holds for all: the API has no key of video as a whole, nor of everything.
 */
const TYPES_OF: Readonly<Record<KeyPer, (requests: readonly TrackKeyRequest[]) => WidevineTrackType[]>> = {
  resolution: (requests) => requests.map(typeOf),
  type: (requests) => {
    const highest = highestOf(requests.filter(({ type }) => type === 'video'));
    return requests.map(({ type }) => (type === 'video' ? highest : 'AUDIO'));
  },
  none: (requests) => requests.map(() => highestOf(requests)),
};

const typeOf = (request: TrackKeyRequest) => trackClassOf(request, 'resolution').name as WidevineTrackType;

function highestOf(requests: readonly TrackKeyRequest[]): WidevineTrackType {
  const types = requests.filter(({ type }) => type === 'video').map(typeOf);
  return WIDEVINE_TRACK_TYPES.filter((type) => types.includes(type)).at(-1) ?? 'AUDIO';
}

/** Widevine's own is always in the answer, and left unused where the file names no Widevine. */
function drmTypesOf(systemIds: readonly string[]): WidevineDrmType[] {
  const types = Object.keys(DRM_TYPES) as WidevineDrmType[];
  return types.filter((type) => type === 'WIDEVINE' || systemIds.includes(DRM_TYPES[type]));
}

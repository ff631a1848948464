import type { PrivateKey } from '../../bytes/platform.js';
import { PrpackError } from '../../errors.js';
import { checkOptions } from '../../settings/check.js';
import type { KeyScheme } from '../algorithm.js';
import type { ContentKey } from '../content-key.js';
import type { CpixDocument } from '../cpix/document.js';
import { readCpixAnswer } from '../cpix/load.js';
import { writeCpix } from '../cpix/writer.js';
import type { HttpClient, HttpResponse } from '../http/client.js';
import type { KeyId } from '../key-id.js';
import {
  type AssignedKey,
  assignTo,
  type KeyLookup,
  type KeySource,
  type TrackKeyRequest,
} from '../key-source.js';
import { type GivenKey, readSpekeAnswer } from './answer.js';
import { spekeFailure } from './errors.js';
import {
  type AskedKey,
  askForClasses,
  CPIX_VERSION_OF,
  type SpekeContract,
  type SpekePurpose,
  type SpekeSignaling,
  type SpekeSystem,
  type SpekeVersion,
  spekeRequest,
} from './request.js';
import { type KeyPer, trackClassOf } from './track-class.js';

/** FairPlay: the system without a `pssh` box. */
const FAIRPLAY_SYSTEM_ID = '94ce86fb-07ff-4f43-adb8-93d2fa968ca2';

export interface SpekeOptions extends SpekeContract {
  /** Encryption scheme of tracks that do not say theirs. Default `cenc`. */
  readonly scheme?: KeyScheme;
  readonly url: string;
  readonly client: HttpClient;
  /** Default `2.0`. */
  readonly version?: SpekeVersion;
  /** What has a key of its own. Default `resolution`; version 1.0 gives one key for all tracks and takes only `none`. */
  readonly keyPer?: KeyPer;
  /** Belongs to `certificate`. */
  readonly privateKey?: PrivateKey;
}

/**
 * Keys of a SPEKE key provider. Every `assign` asks once for all its tracks, with new KIDs, which the provider may override; so there is a
 * request for each crypto period. A request is repeated only where the provider cannot have acted on it.
 */
export class SpekeKeySource implements KeySource, KeyLookup {
  readonly canRotate = true;
  readonly #options: SpekeOptions;
  readonly #keys = new Map<KeyId, ContentKey>();
  #answer: CpixDocument | undefined;

  constructor(options: SpekeOptions) {
    checkOptions('SpekeKeySource', options);
    this.#options = options;
    if (options.version === '1.0' && (options.keyPer ?? 'none') !== 'none') {
      throw new PrpackError('INVALID_ARGUMENT', 'SPEKE 1.0 gives one key for all tracks', {
        expected: 'none',
        received: options.keyPer ?? '',
        remedy: 'Ask for one key for all tracks, or use SPEKE 2.0.',
      });
    }
  }

  /** The last answer: keys, signalling for every system that was asked for, and usage rules. */
  get answer(): CpixDocument | undefined {
    return this.#answer;
  }

  async assign(
    requests: readonly TrackKeyRequest[],
    systemIds: readonly string[] = [],
    forManifests = false,
  ): Promise<AssignedKey[]> {
    const { version = '2.0', scheme = 'cenc' } = this.#options;
    const keyPer = this.#options.keyPer ?? (version === '1.0' ? 'none' : 'resolution');
    const classes = requests.map((request) => trackClassOf(request, keyPer));
    const asked = askForClasses(classes);
    const contract = { ...this.#options, systems: withPssh(this.#options.systems, systemIds) };
    const { scheme: ownScheme = scheme, period } = requests[0] ?? {};
    const purpose: SpekePurpose = { scheme: ownScheme, ...(period && { period }) };
    const wished = forManifests ? withSignalling(contract, systemIds, version) : contract;
    const response = await this.#ask(wished, purpose, asked, version);
    const { privateKey } = this.#options;
    const answer = readCpixAnswer(response, privateKey ? { privateKey } : {});
    const given = readSpekeAnswer(answer, contract, purpose, asked, response.url);
    this.#answer = answer;
    for (const { kid, key } of answer.contentKeys) if (key) this.#keys.set(kid, key);
    return requests.map((request, i) =>
      assignTo(
        { ...request, scheme: ownScheme },
        { ...keyOfClass(classes[i].name, asked, given), source: 'speke' },
      ),
    );
  }

  async find(kid: KeyId): Promise<ContentKey | undefined> {
    return this.#keys.get(kid);
  }

  async #ask(
    contract: SpekeContract,
    purpose: SpekePurpose,
    asked: readonly AskedKey[],
    version: SpekeVersion,
  ): Promise<HttpResponse> {
    const response = await this.#options.client.request({
      method: 'POST',
      url: this.#options.url,
      headers: {
        'content-type': 'application/xml',
        accept: 'application/xml',
        ...(version !== '1.0' && { 'x-speke-version': version }),
      },
      body: writeCpix(spekeRequest(contract, purpose, asked, version), CPIX_VERSION_OF[version]),
    });
    if (response.status < 200 || response.status >= 300) throw spekeFailure(response);
    assertVersion(response, version);
    return response;
  }
}

/** The systems with a `pssh` box wanted of each of these that has one: what FairPlay has is for manifests. */
function withPssh(systems: readonly SpekeSystem[], systemIds: readonly string[]): SpekeSystem[] {
  const added = systemIds.filter((id) => !systems.some(({ systemId }) => systemId === id));
  return [
    ...systems.map(({ systemId, wants }): SpekeSystem => {
      const isWanted =
        systemIds.includes(systemId) && systemId !== FAIRPLAY_SYSTEM_ID && !wants.includes('pssh');
      return { systemId, wants: isWanted ? ['pssh', ...wants] : wants };
    }),
    ...added.map(
      (systemId): SpekeSystem => ({ systemId, wants: systemId !== FAIRPLAY_SYSTEM_ID ? ['pssh'] : [] }),
    ),
  ];
}

/**
 * Also asks for what manifests say of the systems. Nothing of it needs to be in the answer: what is missing is made here. Version 1 has
 * other elements for HLS.
 */
function withSignalling(
  contract: SpekeContract,
  systemIds: readonly string[],
  version: SpekeVersion,
): SpekeContract {
  const forManifests: readonly SpekeSignaling[] =
    version === '1.0' ? ['contentProtectionData'] : ['contentProtectionData', 'hlsSignaling'];
  const systems = contract.systems.map(({ systemId, wants }) => {
    const added = systemIds.includes(systemId) ? forManifests : [];
    return { systemId, wants: [...new Set([...wants, ...added])] };
  });
  return { ...contract, systems };
}

function keyOfClass(name: string, asked: readonly AskedKey[], given: readonly GivenKey[]): GivenKey {
  return given[asked.findIndex(({ trackClass }) => trackClass.name === name)];
}

/** A provider that speaks another version may have understood something else. */
function assertVersion({ headers, url }: HttpResponse, version: SpekeVersion): void {
  const answered = headers['x-speke-version']?.trim();
  if (version === '1.0' || answered === undefined || answered === version) return;
  throw new PrpackError('KEY_SOURCE_FAILED', `${url} answered in another version of SPEKE`, {
    expected: version,
    received: answered.slice(0, 20),
    remedy: 'Ask with the version that the key provider speaks.',
  });
}

import { checkOptions } from '../../settings/check.js';
import { named } from '../../settings/spelling.js';
import type { ContentKey } from '../content-key.js';
import type { CryptoPeriod } from '../crypto-period.js';
import type { HttpClient } from '../http/client.js';
import { assertSuccess } from '../http/failure.js';
import { describeUrl } from '../http/location.js';
import { bodyText } from '../http/text.js';
import type { KeyId } from '../key-id.js';
import {
  type AssignedKey,
  assignToAll,
  type KeyLookup,
  type KeySource,
  type TrackKeyRequest,
} from '../key-source.js';
import { PLAYREADY_SYSTEM_ID, packagingDataRequest, SOAP_ACTION } from './message.js';
import { type PackagingData, readPackagingData, soapFaultOf } from './response.js';

export interface PackagingDataOptions {
  /** Of the RightsManager, such as `https://playready.example.com/rightsmanager.asmx`. */
  readonly url: string;
  readonly client: HttpClient;
  /** What the server knows the content by. */
  readonly programIdentifier: string;
}

/**
 * The key of a PlayReady server (AcquirePackagingData, SOAP 1.1), one for all tracks of a crypto period. Every `assign` asks once; it is asked again only where
 * the server cannot have acted on the request.
 */
export class PackagingDataKeySource implements KeySource, KeyLookup {
  readonly canRotate = true;
  readonly #options: PackagingDataOptions;
  readonly #keys = new Map<KeyId, ContentKey>();
  #answer: PackagingData | undefined;

  constructor(options: PackagingDataOptions) {
    checkOptions('PackagingDataKeySource', options);
    this.#options = options;
  }

  /** The last answer, with the PlayReady Object where the server gave one. */
  get answer(): PackagingData | undefined {
    return this.#answer;
  }

  async assign(requests: readonly TrackKeyRequest[]): Promise<AssignedKey[]> {
    const { kid, key, pro } = await this.#ask(requests[0]?.period);
    const origin = describeUrl(this.#options.url);
    const protection = pro && [{ systemId: PLAYREADY_SYSTEM_ID, data: pro, origin }];
    return assignToAll(requests, { kid, key, source: 'packaging-data', ...(protection && { protection }) });
  }

  async find(kid: KeyId): Promise<ContentKey | undefined> {
    return this.#keys.get(kid);
  }

  async #ask(period: CryptoPeriod | undefined): Promise<PackagingData> {
    const { url, client, programIdentifier } = this.#options;
    const response = await client.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: SOAP_ACTION },
      body: packagingDataRequest(programIdentifier, period),
    });
    // SOAP 1.1, 6.2: a fault comes with status 500
    const fault = response.status === 500 ? soapFaultOf(bodyText(response), response.url) : undefined;
    if (fault) throw fault;
    this.#answer = readPackagingData(
      bodyText(assertSuccess(response, named('packagingDataAuth'))),
      response.url,
    );
    this.#keys.set(this.#answer.kid, this.#answer.key);
    return this.#answer;
  }
}

import { bytesToUuid, uuidToBytes } from '../../bytes/uuid.js';
import type { ContentKey } from '../../keys/content-key.js';
import { type KeyId, parseKeyId } from '../../keys/key-id.js';
import type { KeyLookup } from '../../keys/key-source.js';
import { momentMs } from '../../keys/policy/moment.js';
import type { KeyRecord, KeyStore } from '../../keystore/key-store.js';

/** Why there is no license for a KID. */
export type Refusal = 'unknown' | 'revoked' | 'not yet' | 'expired' | 'seed';

/** What a license says of one KID. */
export type Decision =
  | { readonly kid: KeyId; readonly key: ContentKey }
  | { readonly kid: KeyId; readonly refusal: Refusal };

/** Decides who gets which key. */
export interface Licensor {
  decide(kids: readonly KeyId[]): Promise<Decision[]>;
}

/** Licenses for keys of a store: not for revoked ones, and only in the time that the policy gives. */
export function storeLicensor(store: KeyStore, now: () => Date = () => new Date()): Licensor {
  return {
    async decide(kids) {
      const decisions: Decision[] = [];
      for (const kid of kids) decisions.push(await decideOne(store, kid, now()));
      return decisions;
    },
  };
}

/** Licenses for keys that the user holds. */
export function lookupLicensor(keys: KeyLookup): Licensor {
  return {
    decide: (kids) =>
      Promise.all(
        kids.map(async (kid): Promise<Decision> => {
          const key = await keys.find(kid);
          return key ? { kid, key } : { kid, refusal: 'unknown' };
        }),
      ),
  };
}

/** The key leaves the store only when the record allows a license. */
async function decideOne(store: KeyStore, kid: KeyId, now: Date): Promise<Decision> {
  const [record] = (await store.list({ kid })).items;
  const refusal = record ? refusalOf(record, now) : 'unknown';
  if (refusal) return { kid, refusal };
  const stored = await store.get(kid);
  return stored?.key ? { kid, key: stored.key } : { kid, refusal: 'seed' };
}

/** A leaf has its own times and those of its root. */
function refusalOf({ state, policy }: KeyRecord, now: Date): Refusal | undefined {
  if (state === 'revoked') return 'revoked';
  const root = policy?.rootLicense as KeyRecord['policy'];
  return refusalByTimes(policy, now.getTime()) ?? refusalByTimes(root, now.getTime());
}

/** A license is issued now; times that cannot be read open nothing, for no comparison with them holds. */
function refusalByTimes(policy: KeyRecord['policy'], nowMs: number): Refusal | undefined {
  const { beginDate, expiration } = policy ?? {};
  if (beginDate !== undefined && !(millisecondsOf(beginDate, nowMs) <= nowMs)) return 'not yet';
  if (expiration !== undefined && !(nowMs < millisecondsOf(expiration, nowMs))) return 'expired';
  return undefined;
}

function millisecondsOf(moment: unknown, issuedAtMs: number): number {
  return (typeof moment === 'string' ? momentMs(moment, issuedAtMs) : undefined) ?? Number.NaN;
}

/** A KID of a request: 16 bytes in base64url without padding (W3C Encrypted Media Extensions, 9.1.3). */
export function kidOfBase64url(text: string): KeyId | undefined {
  if (!/^[A-Za-z0-9_-]{22}$/.test(text)) return undefined;
  return parseKeyId(bytesToUuid(new Uint8Array(Buffer.from(text, 'base64url'))));
}

/** A license (W3C Encrypted Media Extensions, 9.1.4): a JSON Web Key set. */
export function licenseOf(decisions: readonly Decision[]): object {
  const keys = decisions.flatMap((decision) =>
    'key' in decision
      ? [{ kty: 'oct', kid: base64url(uuidToBytes(decision.kid)!), k: base64url(decision.key.revealBytes()) }]
      : [],
  );
  return { keys, type: 'temporary' };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

import { isKeyScheme, type KeyScheme } from '../../keys/algorithm.js';
import type { CpixContentKey, CpixDocument } from '../../keys/cpix/document.js';
import { CPIX_VERSION_OF, type SpekeVersion } from '../../keys/speke/request.js';

/** A request that breaks the contract: status 422, in the words of the standard (SPEKE 2.0, "Error handling"). */
export class SpekeRefusal extends Error {
  readonly statusCode = 422;
}

/**
 * The version that a request is in: version 1 has no header, and versions 2 name themselves.
 * @throws SpekeRefusal
 */
export function spekeVersionOf(path: 1 | 2, header: string | undefined): SpekeVersion {
  const version = header?.trim() ?? (path === 1 ? '1.0' : undefined);
  if (path === 1 && version === '1.0') return version;
  if (path === 2 && (version === '2.0' || version === '2.1')) return version;
  throw new SpekeRefusal('Unsupported SPEKE version');
}

/**
 * The content id of a request that keeps to the contract.
 * @throws SpekeRefusal
 */
export function assertContract(request: CpixDocument, version: SpekeVersion): string {
  if (request.contentKeys.some(({ kid }) => /^[0-]*$/.test(kid))) {
    throw new SpekeRefusal('ContentKey@kid is all zeros');
  }
  if (version === '1.0') return assertVersion1(request);
  if (!request.contentId) throw new SpekeRefusal('Missing CPIX@contentId');
  if (request.version === undefined) throw new SpekeRefusal('Missing CPIX@version');
  if (request.version !== CPIX_VERSION_OF[version]) throw new SpekeRefusal('Unsupported CPIX@version');
  for (const { kid, commonEncryptionScheme } of request.contentKeys) {
    if (commonEncryptionScheme) continue;
    throw new SpekeRefusal(`Missing ContentKey@commonEncryptionScheme for KID ${kid}`);
  }
  assertScheme(request);
  assertDistinctTypes(request);
  return request.contentId;
}

function assertVersion1(request: CpixDocument): string {
  assertScheme(request);
  if (request.id) return request.id;
  throw new SpekeRefusal('Missing CPIX@id');
}

/**
 * The scheme of the keys of a request that keeps to the contract.
 */
export function schemeOfRequest({ contentKeys }: CpixDocument): KeyScheme {
  const [first] = contentKeys.map(schemeOfKey);
  return first !== undefined && isKeyScheme(first) ? first : 'cenc';
}

/** Version 1 does not name it. */
function schemeOfKey({ commonEncryptionScheme = 'cenc' }: CpixContentKey): string {
  return commonEncryptionScheme;
}

/** One scheme for all keys, as SPEKE wants it of an encryption contract. */
function assertScheme({ contentKeys }: CpixDocument): void {
  const [scheme, another] = new Set(contentKeys.map(schemeOfKey));
  if (another === undefined && (scheme === undefined || isKeyScheme(scheme))) return;
  throw new SpekeRefusal('Non compliant ContentKey@commonEncryptionScheme combination');
}

/** "intendedTrackType values are unique": one key for each class of tracks, of each period. */
function assertDistinctTypes({ usageRules }: CpixDocument): void {
  const kidOfType = new Map<string, string>();
  for (const { kid, intendedTrackType, keyPeriodFilters } of usageRules) {
    const name = `${intendedTrackType} ${keyPeriodFilters.join(' ')}`;
    const known = kidOfType.get(name);
    if (known !== undefined && known !== kid) {
      throw new SpekeRefusal(`Duplicate intendedTrackType ${intendedTrackType}`);
    }
    kidOfType.set(name, kid);
  }
}

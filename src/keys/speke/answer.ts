import { uuidToBytes } from '../../bytes/uuid.js';
import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import type { ContentKey } from '../content-key.js';
import type { CpixDocument, CpixDrmSystem } from '../cpix/document.js';
import { protectionOf, signallingOf } from '../cpix/protection.js';
import type { KeyId } from '../key-id.js';
import type { AssignedKey } from '../key-source.js';
import type { AskedKey, SpekeContract, SpekePurpose, SpekeSignaling } from './request.js';

/** The key that a provider gives a class of tracks; its KID may be another than was asked for. */
export type GivenKey = Pick<AssignedKey, 'kid' | 'key' | 'label' | 'protection' | 'signalling'>;

/**
 * Checks an answer against what was asked for: every class has a key of the right scheme, and every element that was asked for is
 * filled. `url` is what messages call the provider.
 * @throws PrpackError KEY_SOURCE_FAILED
 */
export function readSpekeAnswer(
  answer: CpixDocument,
  { systems }: SpekeContract,
  { scheme }: SpekePurpose,
  asked: readonly AskedKey[],
  url: string,
): GivenKey[] {
  return asked.map((wanted) => {
    const given = keyOf(answer, wanted, asked.length, url);
    if (given.scheme !== undefined && given.scheme !== scheme) throw otherScheme(given, scheme, url);
    for (const { systemId, wants } of systems) {
      const system = answer.drmSystems.find(
        (found) => found.systemId === systemId && found.kid === given.kid,
      );
      for (const want of wants) assertFilled(system, want, { systemId, kid: given.kid, url });
    }
    const { label } = wanted.trackClass;
    const protection = protectionOf(answer, given.kid, url);
    const signalling = signallingOf(answer, given.kid, url);
    return {
      kid: given.kid,
      key: given.key,
      protection,
      ...signalling,
      ...(label !== undefined && { label }),
    };
  });
}

function keyOf(
  answer: CpixDocument,
  wanted: AskedKey,
  askedCount: number,
  url: string,
): { readonly kid: KeyId; readonly key: ContentKey; readonly scheme?: string | undefined } {
  const kid = kidOf(answer, wanted, askedCount);
  const found = answer.contentKeys.find((contentKey) => contentKey.kid === kid);
  if (kid && found?.key) return { kid, key: found.key, scheme: found.commonEncryptionScheme };
  throw new PrpackError('KEY_SOURCE_FAILED', `${url} gave no key for ${wanted.trackClass.name} tracks`, {
    expected: `a key for KID ${wanted.kid}, or for another that a rule for ${wanted.trackClass.name} names`,
    received: `${answer.contentKeys.length} keys`,
    remedy: 'Check at the key provider which tracks it gives keys for.',
  });
}

/**
 * The KID that the provider gives to a class: `intendedTrackType` is unique in an answer, and names the class whatever the KID is. Without
 * such a rule it is the KID that was asked for, or the only one in return for the only one (SPEKE 1.0, "Overriding the key identifier").
 */
function kidOf(
  { usageRules, contentKeys }: CpixDocument,
  wanted: AskedKey,
  askedCount: number,
): KeyId | undefined {
  const rules = usageRules.filter(({ intendedTrackType }) => intendedTrackType === wanted.trackClass.name);
  const byRule = new Set(rules.map(({ kid }) => kid));
  if (byRule.size > 0) return byRule.size === 1 ? [...byRule][0] : undefined;
  const isKept = contentKeys.some(({ kid }) => kid === wanted.kid);
  if (isKept) return wanted.kid;
  return askedCount === 1 && contentKeys.length === 1 ? contentKeys[0].kid : undefined;
}

function otherScheme(
  given: { kid: KeyId; scheme?: string | undefined },
  scheme: string,
  url: string,
): PrpackError {
  return new PrpackError('KEY_SOURCE_FAILED', `${url} gave KID ${given.kid} for another encryption scheme`, {
    expected: scheme,
    received: (given.scheme ?? '').slice(0, 20),
    remedy: 'Check at the key provider which schemes it serves this content with.',
  });
}

interface Place {
  readonly systemId: string;
  readonly kid: KeyId;
  readonly url: string;
}

/** Element of each kind of signalling, and whether it is filled. */
const FILLED: Readonly<Record<SpekeSignaling, readonly [string, (system: CpixDrmSystem) => boolean]>> = {
  pssh: ['PSSH', ({ pssh }) => (pssh?.length ?? 0) > 0],
  contentProtectionData: ['ContentProtectionData', (system) => Boolean(system.contentProtectionData)],
  hlsSignaling: [
    'HLSSignalingData',
    ({ hlsSignaling }) => Boolean(hlsSignaling?.media && hlsSignaling.multivariant),
  ],
  smoothStreamingData: [
    'SmoothStreamingProtectionHeaderData',
    (system) => Boolean(system.smoothStreamingData),
  ],
};

/** What was requested and is not filled ends the work: the provider does not serve this system. */
function assertFilled(
  system: CpixDrmSystem | undefined,
  want: SpekeSignaling,
  { systemId, kid, url }: Place,
): void {
  const [element, isFilled] = FILLED[want];
  if (!system || !isFilled(system)) {
    throw new PrpackError(
      'KEY_SOURCE_FAILED',
      `${url} did not fill ${element} of system ${systemId} for KID ${kid}`,
      {
        clause: 'SPEKE 2.0, "Customizations and constraints"',
        remedy: `Have the system enabled at the key provider, or leave it out of ${named('systems')}; with ${named('laUrl')}, prpack makes the PlayReady header.`,
      },
    );
  }
  if (want === 'pssh' && !isPsshOf(systemId, system.pssh!)) {
    throw new PrpackError(
      'KEY_SOURCE_FAILED',
      `${url} gave no whole pssh box of system ${systemId} for KID ${kid}`,
      {
        clause: 'ISO/IEC 23001-7 8.1',
        remedy: 'Tell the key provider: PSSH must hold one whole box.',
      },
    );
  }
}

/** Whether the bytes are one `pssh` box with this SystemID: size, type, version and flags, SystemID (ISO/IEC 23001-7 8.1.1). */
function isPsshOf(systemId: string, box: Uint8Array): boolean {
  if (box.length < 32) return false;
  const view = new DataView(box.buffer, box.byteOffset, box.byteLength);
  const isWhole = view.getUint32(0) === box.length && view.getUint32(4) === 0x70737368;
  return isWhole && Buffer.from(uuidToBytes(systemId) ?? []).equals(box.subarray(12, 28));
}

import { algorithmOf, type KeyScheme } from '../../keys/algorithm.js';
import type { CpixContentKey, CpixDocument } from '../../keys/cpix/document.js';
import type { KeyId } from '../../keys/key-id.js';
import type { KeyStore } from '../../keystore/key-store.js';
import type { ContentKeys, OpenedKey } from '../content-keys.js';
import { fillSystem } from './signaling.js';

/** Keys of one request. */
export const MAX_KEYS = 500;

export interface SpekeAnswerOptions {
  readonly store: KeyStore;
  readonly contentKeys: ContentKeys;
  readonly contentId: string;
  readonly scheme: KeyScheme;
  /** License acquisition URL. */
  readonly laUrl?: string;
}

/** Which key of which content a ContentKey of a request stands for. */
interface Slot {
  readonly asked: KeyId;
  /** The content; of a key period that has no index, one named after the period. */
  readonly contentId: string;
  readonly period: number | undefined;
  readonly label: string | undefined;
}

/**
 * The document with its keys and all that was asked for filled in. The same content gets the same keys again, under the KIDs they
 * were registered with: the KIDs of the request are taken for new keys.
 */
export async function answerSpeke(request: CpixDocument, options: SpekeAnswerOptions): Promise<CpixDocument> {
  const keyOf = await keysOf(request, options);
  const { laUrl, contentId, scheme } = options;
  const kidOf = (kid: KeyId) => keyOf.get(kid)?.record.kid ?? kid;
  return {
    ...request,
    contentKeys: request.contentKeys.map((entry) => filledKey(entry, keyOf.get(entry.kid)!)),
    drmSystems: request.drmSystems.map((system) => {
      const key = keyOf.get(system.kid);
      const content = { contentId, scheme, ...(laUrl !== undefined && { laUrl }) };
      return key ? fillSystem(system, { ...content, keys: [key] }) : system;
    }),
    usageRules: request.usageRules.map((rule) => ({ ...rule, kid: kidOf(rule.kid) })),
  };
}

function filledKey(asked: CpixContentKey, { record, key }: OpenedKey): CpixContentKey {
  return { ...asked, kid: record.kid, key };
}

/** The keys, by the KIDs of the request. */
async function keysOf(
  request: CpixDocument,
  { store, contentKeys, contentId, scheme, laUrl }: SpekeAnswerOptions,
): Promise<Map<KeyId, OpenedKey>> {
  const slots = request.contentKeys.map(({ kid }) => slotOf(request, kid, contentId));
  const found = new Map<KeyId, OpenedKey>();
  const nameOf = (slot: Slot) => JSON.stringify([slot.contentId, slot.period]);
  for (const name of new Set(slots.map(nameOf))) {
    const own = slots.filter((slot) => nameOf(slot) === name);
    const [{ contentId: content, period }] = own as [Slot];
    const keys = await contentKeys.get(store, {
      contentId: content,
      algorithm: algorithmOf({ scheme }),
      ...(period !== undefined && { period }),
      labels: own.map(({ label }) => label),
      kids: new Map(own.map(({ label, asked }) => [label, asked])),
      ...(laUrl !== undefined && { laUrl }),
    });
    for (const [i, { asked }] of own.entries()) found.set(asked, keys[i]!);
  }
  return found;
}

function slotOf(
  { usageRules, keyPeriods, contentKeys }: CpixDocument,
  asked: KeyId,
  contentId: string,
): Slot {
  const rule = usageRules.find(({ kid }) => kid === asked);
  const [periodId] = rule?.keyPeriodFilters ?? [];
  const period = keyPeriods.find(({ id }) => id === periodId)?.index;
  const isNamed = periodId !== undefined && period === undefined;
  return {
    asked,
    contentId: isNamed ? `${contentId}/period-${periodId}` : contentId,
    period,
    label: rule?.intendedTrackType ? labelOf(rule.intendedTrackType) : labelOfKid(asked, contentKeys.length),
  };
}

/** A key that is for everything has no label in the store. */
function labelOf(intendedTrackType: string): string | undefined {
  return intendedTrackType === 'ALL' ? undefined : intendedTrackType;
}

/** Without rules, several keys of a content are told apart by their KIDs alone. */
function labelOfKid(kid: KeyId, count: number): string | undefined {
  return count === 1 ? undefined : kid;
}

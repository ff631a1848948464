import { describeProtectionData, type PlayReadyDescription } from '../../drm/describe.js';
import { hasPsshBox, SYSTEM_IDS } from '../../drm/system-ids.js';
import type { ProtectionSystem as PresentedSystem, SessionProtection } from '../../manifest/presentation.js';
import { buildPssh, onePsshOf } from '../../protection/pssh.js';
import { noLaUrl, saysOwnHeader } from '../../protection/pssh-boxes.js';
import type { PlayReadyOptions, ProtectionSystem } from '../../protection/types.js';
import { systemsOf } from '../package/presentation.js';
import type { PackedKey } from './packed-key.js';
import type { ManifestOptions } from './types.js';

/** What manifests say of the keys of the files. */
export interface SignalledKeys {
  /** By KID. */
  readonly systems: ReadonlyMap<string, readonly PresentedSystem[]>;
  readonly session: readonly SessionProtection[];
  readonly warnings: readonly string[];
}

/** A `pssh` box of some file. */
interface FoundBox {
  readonly bytes: Uint8Array;
  readonly systemId: string;
  readonly keyIds: readonly string[];
  readonly laUrl?: string | undefined;
  /** Of PlayReady: what its header says besides KIDs. */
  readonly playready?: PlayReadyOptions | undefined;
}

/** All files of one key. */
interface UsedKey {
  readonly kid: string;
  readonly scheme: PackedKey['scheme'];
  readonly boxes: readonly FoundBox[];
}

/** A box that a set names, and whether it was made here. */
interface ChosenBox extends FoundBox {
  readonly isMade: boolean;
}

/**
 * Finds the headers of each key: as the files have them, else made from KIDs where the options ask for it. Files of one key say the same.
 * @throws PrpackError INVALID_ARGUMENT for options that a header cannot carry
 */
export async function signalKeys(
  keys: readonly PackedKey[],
  options: ManifestOptions,
): Promise<SignalledKeys> {
  const used = usedKeys(keys);
  const everywhere = used.flatMap(({ boxes }) => boxes);
  const maker = new HeaderMaker(used, options);
  const chosen = new Map<string, readonly ChosenBox[]>();
  for (const key of used) chosen.set(key.kid, await boxesOf(key, everywhere, maker, options));
  const systems = new Map(
    used.map(
      ({ kid, scheme }) =>
        [kid, systemsOf(asPssh(chosen.get(kid)!), kid, scheme === 'cbcs' ? options : {})] as const,
    ),
  );
  return {
    systems,
    session: await sessionOf(used, chosen, maker),
    warnings: [...maker.warnings, ...warningsOf(chosen, systems, everywhere, options)],
  };
}

function usedKeys(keys: readonly PackedKey[]): UsedKey[] {
  const byKid = new Map<string, UsedKey>();
  for (const { kid, scheme, psshBoxes } of keys) {
    const boxes = byKid.get(kid)?.boxes ?? [];
    byKid.set(kid, { kid, scheme, boxes: [...boxes, ...psshBoxes.map(foundBox)] });
  }
  return [...byKid.values()];
}

function foundBox(bytes: Uint8Array): FoundBox {
  const { systemId, keyIds, playready } = describeProtectionData(onePsshOf(bytes));
  return {
    bytes,
    systemId,
    keyIds,
    laUrl: playready?.laUrl,
    playready: playready && headerOptionsOf(playready),
  };
}

function headerOptionsOf({ laUrl, luiUrl, dsId, customAttributes }: PlayReadyDescription): PlayReadyOptions {
  return {
    ...(laUrl !== undefined && { laUrl }),
    ...(luiUrl !== undefined && { luiUrl }),
    ...(dsId !== undefined && { dsId }),
    ...(customAttributes !== undefined && { customAttributes }),
  };
}

async function boxesOf(
  key: UsedKey,
  everywhere: readonly FoundBox[],
  maker: HeaderMaker,
  { systems, playready }: ManifestOptions,
): Promise<ChosenBox[]> {
  const isOwn = (id: string) => id === SYSTEM_IDS.playready && saysOwnHeader(playready);
  const inFiles = [...new Set(key.boxes.map(({ systemId }) => systemId))];
  const wanted = systems?.map((system): string => SYSTEM_IDS[system]) ?? [
    ...inFiles,
    ...(saysOwnHeader(playready) && !inFiles.includes(SYSTEM_IDS.playready) ? [SYSTEM_IDS.playready] : []),
  ];
  const boxes: ChosenBox[] = [];
  for (const id of wanted) {
    const found = isOwn(id) ? undefined : boxFor(key, id, everywhere);
    if (found) boxes.push({ ...found, isMade: false });
    else if (hasPsshBox(id) && (systems || isOwn(id)))
      boxes.push({ ...(await maker.make(id, [key])), isMade: true });
  }
  return boxes;
}

/** The box of a system that is about the key: about it alone, among others, or of one that lists no KID. */
function boxFor({ kid, boxes }: UsedKey, id: string, everywhere: readonly FoundBox[]): FoundBox | undefined {
  const ofSystem = [...boxes, ...everywhere].filter(({ systemId }) => systemId === id);
  return (
    ofSystem.find(({ keyIds }) => keyIds.length === 1 && keyIds[0] === kid) ??
    ofSystem.find(({ keyIds }) => keyIds.includes(kid)) ??
    boxes.find(({ systemId, keyIds }) => systemId === id && keyIds.length === 0)
  );
}

/** Makes headers of KIDs alone: no key is at hand, so that they have no CHECKSUM. */
class HeaderMaker {
  readonly #warnings = new Set<string>();
  readonly #used: readonly UsedKey[];
  readonly #options: ManifestOptions;

  constructor(used: readonly UsedKey[], options: ManifestOptions) {
    this.#used = used;
    this.#options = options;
  }

  /** What the user must know of what was made of the options. */
  get warnings(): string[] {
    return [...this.#warnings];
  }

  /**
   * @param keys of one scheme
   * @param playready what a header of the files says; absent: the options
   */
  async make(systemId: string, keys: readonly UsedKey[], playready?: PlayReadyOptions): Promise<FoundBox> {
    const { contentId, playready: own } = this.#options;
    const header = playready ?? own;
    // The common box lists all keys: it says nothing else, and Clear Key players that ask once get them all.
    const listed = systemId === SYSTEM_IDS.common ? this.#used : keys;
    const { pssh, warnings } = await buildPssh({
      system: nameOf(systemId),
      keyIds: listed.map(({ kid }) => kid),
      scheme: keys[0].scheme,
      ...(header && { playready: header }),
      ...(contentId !== undefined && { contentId }),
    });
    if (!playready) for (const warning of warnings) this.#warnings.add(warning);
    return foundBox(pssh);
  }
}

function nameOf(systemId: string): ProtectionSystem {
  const names = Object.keys(SYSTEM_IDS) as ProtectionSystem[];
  return names.find((name) => SYSTEM_IDS[name] === systemId)!;
}

/** One header for all keys of a scheme, which Windows and Xbox want: of what was made here, and of PlayReady. */
async function sessionOf(
  used: readonly UsedKey[],
  chosen: ReadonlyMap<string, readonly ChosenBox[]>,
  maker: HeaderMaker,
): Promise<SessionProtection[]> {
  const sessions: SessionProtection[] = [];
  for (const scheme of new Set(used.map((key) => key.scheme))) {
    const keys = used.filter((key) => key.scheme === scheme);
    const boxes: FoundBox[] = [];
    for (const { systemId } of keys.length > 1 ? chosen.get(keys[0].kid)! : []) {
      const ofAll = keys.flatMap(({ kid }) => chosen.get(kid)!.filter((box) => box.systemId === systemId));
      if (ofAll.length < keys.length) continue;
      const areMade = ofAll.every(({ isMade }) => isMade);
      const header = areMade ? undefined : commonHeader(ofAll);
      if (areMade || header) boxes.push(await maker.make(systemId, keys, header));
    }
    const systems = systemsOf(asPssh(boxes), undefined, {}).filter(({ name }) => name !== 'clearkey');
    if (systems.length > 0) sessions.push({ scheme, systems });
  }
  return sessions;
}

/** What all headers say besides KIDs; undefined where they differ, or are not of PlayReady. */
function commonHeader(boxes: readonly ChosenBox[]): PlayReadyOptions | undefined {
  const [{ playready } = { playready: undefined }, ...others] = boxes;
  const text = JSON.stringify(playready);
  return others.every((box) => JSON.stringify(box.playready) === text) ? playready : undefined;
}

function asPssh(boxes: readonly FoundBox[]) {
  const laUrl = boxes.find((box) => box.laUrl !== undefined)?.laUrl;
  return { boxes: boxes.map(({ bytes }) => bytes), ...(laUrl !== undefined && { laUrl }) };
}

function warningsOf(
  chosen: ReadonlyMap<string, readonly ChosenBox[]>,
  systems: SignalledKeys['systems'],
  everywhere: readonly FoundBox[],
  { playready }: ManifestOptions,
): string[] {
  const isPlayReady = ({ systemId }: FoundBox) => systemId === SYSTEM_IDS.playready;
  const isReplaced = saysOwnHeader(playready) && everywhere.some(isPlayReady);
  const silent = [...chosen].filter(([, boxes]) =>
    boxes.some((box) => isPlayReady(box) && box.laUrl === undefined),
  );
  const without = [...chosen.keys()].filter((kid) => systems.get(kid)!.length === 0);
  return [
    ...(isReplaced
      ? [
          'The PlayReady headers of the files are not in the manifests: options of the PlayReady header were given.',
        ]
      : []),
    ...silent.slice(0, 1).map(([kid]) => noLaUrl(`The PlayReady header of KID ${kid}`)),
    ...without.map(
      (kid) =>
        `Players find no protection system for KID ${kid}: the files have no pssh box of it, and none was asked for.`,
    ),
  ];
}

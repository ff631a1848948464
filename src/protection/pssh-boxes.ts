import { buildProtectionData } from '../drm/build.js';
import { hasPsshBox, SYSTEM_IDS, systemName } from '../drm/system-ids.js';
import { PrpackError } from '../errors.js';
import { writePssh } from '../isobmff/boxes/pssh.js';
import type { AssignedKey, KeyScheme } from '../keys/key-source.js';
import { named } from '../settings/spelling.js';
import { type GivenBox, readGivenProtection } from './given-protection.js';
import { wrapPssh } from './pssh.js';
import type { PlayReadyOptions, ProtectionOptions, ProtectionSystem, SignalledSystem } from './types.js';

/** What the boxes are made by. */
export type PsshOptions = Pick<
  ProtectionOptions,
  'systems' | 'playready' | 'contentId' | 'widevineProvider' | 'widevinePolicy' | 'extraPssh'
> & {
  /** Default `cenc`. */
  readonly scheme?: KeyScheme;
};

const DEFAULT_SYSTEMS: readonly SignalledSystem[] = ['playready', 'common'];

/** Systems that key providers have data for; a list of KIDs is the same from every maker. */
const PROVIDED_SYSTEMS: readonly SignalledSystem[] = ['playready', 'widevine', 'fairplay'];

/** The `pssh` boxes of the output. */
export interface PsshBoxes {
  readonly boxes: readonly Uint8Array[];
  /** License acquisition URL of the PlayReady header, ours or the key provider's. */
  readonly laUrl?: string;
  readonly warnings: readonly string[];
}

/** SystemIDs whose data is wanted of the one who gives the keys. */
export function wantedOfKeySource({
  systems = DEFAULT_SYSTEMS,
  playready,
  fairplayUri,
}: PsshOptions & { readonly fairplayUri?: string | undefined }): string[] {
  return PROVIDED_SYSTEMS.filter((system) => systems.includes(system))
    .filter((system) => !(system === 'playready' && saysOwnHeader(playready)))
    .filter((system) => !(system === 'fairplay' && fairplayUri !== undefined))
    .map((system) => SYSTEM_IDS[system]);
}

/**
 * The boxes of all systems: as they came with the keys, else made here. Without `systems`, what came with the keys is written whatever
 * system it is for.
 * @throws PrpackError KEY_SOURCE_FAILED for data that came with the keys and cannot be written; INVALID_ARGUMENT, KEY_INVALID
 */
export function buildPsshBoxes(keys: readonly AssignedKey[], options: PsshOptions): PsshBoxes {
  const { systems = DEFAULT_SYSTEMS, playready, extraPssh = [] } = options;
  const built = [...new Set(systems)].filter(hasBox);
  const namedIds = new Set(built.map((system): string => SYSTEM_IDS[system]));
  const isOwn = (id: string) => id === SYSTEM_IDS.playready && saysOwnHeader(playready);
  const given = readGivenProtection(keys, (id) => usesGiven(id, options));
  const parts = built.map((system): PsshBoxes => {
    const boxes = given.get(SYSTEM_IDS[system]);
    return boxes ? givenBoxes(boxes) : buildBox(system, keys, options);
  });
  for (const [id, boxes] of given) if (!namedIds.has(id)) parts.push(givenBoxes(boxes));
  const laUrl = parts.find((part) => part.laUrl !== undefined)?.laUrl;
  return {
    boxes: [...parts.flatMap(({ boxes }) => boxes), ...extraPssh.map(wrapPssh)],
    ...(laUrl !== undefined && { laUrl }),
    warnings: [...parts.flatMap(({ warnings }) => warnings), ...headerWarnings(keys, isOwn)],
  };
}

function hasBox(system: SignalledSystem): system is ProtectionSystem {
  return hasPsshBox(SYSTEM_IDS[system]);
}

/**
 * Refuses systems without a box where boxes are all that an output says of its systems, before an input is opened.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function assertSystemsHaveBoxes({ systems = [] }: Pick<ProtectionOptions, 'systems'>): void {
  if (systems.every(hasBox)) return;
  throw new PrpackError('INVALID_ARGUMENT', 'FairPlay has no pssh box, so that a media file cannot name it', {
    expected: 'playready, common or widevine',
    received: systems.join(', '),
    remedy: `Leave fairplay out of ${named('systems')}: FairPlay is named by manifests, as package and manifest write them.`,
  });
}

/** Whether what comes with keys for a system is used as it comes: not where the user says what its header holds. */
export function usesGiven(systemId: string, { systems, playready }: PsshOptions): boolean {
  if (systemId === SYSTEM_IDS.playready && saysOwnHeader(playready)) return false;
  return systems?.some((system) => SYSTEM_IDS[system] === systemId) ?? true;
}

/** The `pssh` boxes of an output whose keys rotate. */
export interface PeriodPsshBoxes {
  /** For `moov`: for players that look nowhere else. */
  readonly movie: PsshBoxes;
  /** For `moof`, one for each period, in the order of the periods: those of its keys alone. */
  readonly periods: readonly PsshBoxes[];
}

/**
 * The boxes of an output whose keys rotate. In `moov` are those of the first period; with the decryptor setup on-demand the PlayReady
 * header there has no KID, and the headers of the periods are those that came with the keys, such as ones with leaf licenses, else
 * plain ones made here. Boxes of `extraPssh` are in `moov` only.
 * @param periods the keys of each period, at least one period
 * @throws PrpackError as `buildPsshBoxes`
 */
export function buildPeriodPsshBoxes(
  periods: readonly (readonly AssignedKey[])[],
  { extraPssh = [], ...options }: PsshOptions,
): PeriodPsshBoxes {
  const [first] = periods;
  const { decryptorSetup, ...header } = options.playready ?? {};
  const ofPeriod: PsshOptions = { ...options, ...(options.playready && { playready: header }) };
  const built = periods.map((keys) => buildPsshBoxes(keys, ofPeriod));
  const movie = decryptorSetup ? onDemandBoxes(first, options) : built[0];
  return { movie: { ...movie, boxes: [...movie.boxes, ...extraPssh.map(wrapPssh)] }, periods: built };
}

/** As `buildPsshBoxes`, with a PlayReady header without KIDs: the root license is fetched ahead, and leaf licenses come with the periods. */
function onDemandBoxes(keys: readonly AssignedKey[], options: PsshOptions): PsshBoxes {
  const { systems = DEFAULT_SYSTEMS } = options;
  const others = systems.filter((system) => system !== 'playready');
  const parts = [
    ...(systems.includes('playready') ? [buildBox('playready', [], options)] : []),
    buildPsshBoxes(keys, { ...options, systems: others }),
  ];
  const laUrl = parts.find((part) => part.laUrl !== undefined)?.laUrl;
  return {
    boxes: parts.flatMap(({ boxes }) => boxes),
    ...(laUrl !== undefined && { laUrl }),
    warnings: parts.flatMap(({ warnings }) => warnings),
  };
}

function givenBoxes(given: readonly GivenBox[]): PsshBoxes {
  const laUrl = given.find((box) => box.laUrl !== undefined)?.laUrl;
  const silent = given.find((box) => box.isPlayReady && box.laUrl === undefined);
  return {
    boxes: given.map(({ box }) => box),
    ...(laUrl !== undefined && { laUrl }),
    warnings: silent ? [noLaUrl(`The PlayReady header of ${silent.origin}`)] : [],
  };
}

function buildBox(
  system: ProtectionSystem,
  keys: readonly AssignedKey[],
  { playready, contentId, widevineProvider, widevinePolicy, scheme = 'cenc' }: PsshOptions,
): PsshBoxes {
  const { protection, warnings } = buildProtectionData(system, {
    keys: keys.map(({ kid, key }) => ({ kid, key: key.revealBytes() })),
    scheme,
    ...(playready && { playready }),
    ...(contentId !== undefined && { contentId: Buffer.from(contentId, 'utf8') }),
    ...(widevineProvider !== undefined && { widevineProvider }),
    ...(widevinePolicy !== undefined && { widevinePolicy }),
  });
  const boxes = [writePssh(protection)];
  if (system !== 'playready') return { boxes, warnings };
  const laUrl = playready?.laUrl;
  if (laUrl !== undefined) return { boxes, warnings, laUrl };
  return { boxes, warnings: [...warnings, noLaUrl('The PlayReady header')] };
}

/** The warning for a PlayReady header that leads to no server. */
export function noLaUrl(header: string): string {
  return `${header} has no license acquisition URL (${named('laUrl')}): players must get it from elsewhere.`;
}

/** A user who says anything of the header wants it made by that. */
export function saysOwnHeader({ checksum = true, ...said }: PlayReadyOptions = {}): boolean {
  return !checksum || Object.values(said).some((value) => value !== undefined);
}

/** A header that was sent and is not written must not be missed in silence. */
function headerWarnings(keys: readonly AssignedKey[], isOwn: (systemId: string) => boolean): string[] {
  const ignored = keys.flatMap(({ protection = [] }) => protection).find(({ systemId }) => isOwn(systemId));
  if (!ignored) return [];
  const name = systemName(ignored.systemId);
  return [
    `The ${name} header of ${ignored.origin} is not in the file: options of the ${name} header were given.`,
  ];
}

import type { Addressing, SegmentList } from '../addressing.js';
import type {
  AudioRepresentation,
  AudioSet,
  Presentation,
  SwitchingSet,
  TextRepresentation,
  TextSet,
} from '../presentation.js';
import { codecFamily, mainSet, rolesOf, setsOf, shortestLanguage } from '../sets.js';

/** A rendition of audio or text: an EXT-X-MEDIA line. */
export interface Rendition<R = AudioRepresentation | TextRepresentation> {
  readonly set: AudioSet | TextSet;
  readonly representation: R;
  /** NAME, unique in the group. */
  readonly name: string;
  readonly isDefault: boolean;
  readonly isAutoselected: boolean;
}

export interface AudioGroup {
  readonly id: string;
  readonly renditions: readonly Rendition<AudioRepresentation>[];
}

/** What playlists know a rendition of text by: its segments of HLS, or its MP4. */
export type TextSegments = Addressing | SegmentList;

/** Names of codecs in group ids. */
const CODEC_NAMES: Readonly<Record<string, string>> = {
  mp4a: 'aac',
  'ac-3': 'ac3',
  'ec-3': 'ec3',
  'ac-4': 'ac4',
  fLaC: 'flac',
};

/**
 * Groups of audio: one a codec, count of channels and rate. Each has the same members, as draft-pantos-hls-rfc8216bis 4.4.6.1.1 asks:
 * a rendition that does not exist in the codec of the group is there in the first codec that it exists in.
 * @param groupIds that are taken; those of the groups are added
 * @example
 * audioGroups(presentation).map(({ id }) => id); // ['aac-2', 'ec3-6']
 */
export function audioGroups(presentation: Presentation, groupIds = new Set<string>()): AudioGroup[] {
  const sets = setsOf(presentation, 'audio');
  const described = describeMembers(presentation, sets);
  const groups = new Map<string, Map<string, Rendition<AudioRepresentation>>>();
  const ranks = new Map<string, number>();
  for (const { set, representation } of bySize(candidatesOf(sets))) {
    const member = memberKey(presentation, set);
    const format = `${representation.codecs} ${channelsText(representation)}`;
    const rank = ranks.get(member + format) ?? 0;
    ranks.set(member + format, rank + 1);
    const group = groups.get(`${format} ${rank}`) ?? new Map();
    groups.set(`${format} ${rank}`, group.set(member, { set, representation, ...described.get(member)! }));
  }
  const inOrder = [...groups.values()].sort((a, b) => placeOf(sets, a) - placeOf(sets, b));
  const firstOf = (member: string) => inOrder.find((group) => group.has(member))!.get(member)!;
  return inOrder.map((group) => ({
    id: unique(groupName([...group.values()][0].representation), '-', groupIds),
    renditions: [...described.keys()].map((member) => group.get(member) ?? firstOf(member)),
  }));
}

/**
 * Subtitles and captions that HLS has a form of: TTML files have none. Where one has files of WebVTT, those that are in MP4 alone are left
 * out: CODECS of a variant speaks of all subtitles, and hls.js and shaka-player then take the files of WebVTT for TTML.
 * @example
 * subtitles(presentation).map(({ name }) => name); // ['English', 'Deutsch']
 */
export function subtitles(presentation: Presentation): Rendition<TextRepresentation>[] {
  const all = setsOf(presentation, 'text');
  const hasFiles = ({ representations }: TextSet) => representations.some((one) => one.webVttSegments);
  const sets = all.some(hasFiles)
    ? all.filter(hasFiles)
    : all.filter((set) => set.representations.some(textSegmentsOf));
  return [...describeMembers(presentation, sets)].map(([member, described]) => {
    const candidates = candidatesOf(sets.filter((set) => memberKey(presentation, set) === member)).filter(
      ({ representation }) => textSegmentsOf(representation),
    );
    // Files of WebVTT show in every player; WebVTT in MP4 does not.
    const chosen = candidates.find(({ representation }) => representation.webVttSegments) ?? candidates[0];
    return { ...chosen, ...described, isDefault: false };
  });
}

/**
 * Segments of text for HLS; undefined for a file as a whole.
 * @example
 * textSegmentsOf(ttmlFile); // undefined
 */
export function textSegmentsOf({ webVttSegments, addressing }: TextRepresentation): TextSegments | undefined {
  return webVttSegments ?? (addressing.kind === 'whole' ? undefined : addressing);
}

/**
 * CHANNELS of a rendition (draft-pantos-hls-rfc8216bis 4.4.6.1).
 * @example
 * channelsText(eac3WithAtmos); // '16/JOC'
 */
export function channelsText({ channels: { count, jocComplexity } }: AudioRepresentation): string {
  return jocComplexity === undefined ? String(count) : `${jocComplexity}/JOC`;
}

/** Names and flags of the members of a group, by member: sets that differ in codec or key only are one. */
function describeMembers(presentation: Presentation, sets: readonly (AudioSet | TextSet)[]) {
  const names = new Set<string>();
  const choices = new Set<string>();
  const described = new Map<string, Pick<Rendition, 'name' | 'isDefault' | 'isAutoselected'>>();
  const main = sets.length > 0 ? mainSet(presentation, sets[0].kind) : undefined;
  for (const set of sets) {
    const member = memberKey(presentation, set);
    if (described.has(member)) continue;
    const roles = rolesOf(presentation, set);
    // Players choose by these alone; of two that are alike, they cannot choose the second.
    const choice = JSON.stringify([set.language, set.accessibility ?? [], roles.includes('forced-subtitle')]);
    const isDefault = main !== undefined && member === memberKey(presentation, main);
    const isAutoselected = isDefault || (!roles.includes('commentary') && !choices.has(choice));
    if (isAutoselected) choices.add(choice);
    described.set(member, { name: unique(nameOf(presentation, set), ' ', names), isDefault, isAutoselected });
  }
  return described;
}

function nameOf(presentation: Presentation, set: SwitchingSet): string {
  if (set.label !== undefined) return set.label;
  const kinds = [...new Set([...rolesOf(presentation, set), ...(set.accessibility ?? [])])].filter(
    (kind) => kind !== 'main' && kind !== 'subtitle',
  );
  const language = set.language === undefined ? set.kind : shortestLanguage(set.language);
  return kinds.length > 0 ? `${language} (${kinds.join(', ')})` : language;
}

/** What makes a rendition another for people. */
function memberKey(presentation: Presentation, set: SwitchingSet): string {
  return JSON.stringify([set.language, set.label, rolesOf(presentation, set), set.accessibility ?? []]);
}

interface Candidate<S extends AudioSet | TextSet> {
  readonly set: S;
  readonly representation: S['representations'][number];
}

function candidatesOf<S extends AudioSet | TextSet>(sets: readonly S[]): Candidate<S>[] {
  return sets.flatMap((set) => set.representations.map((representation) => ({ set, representation })));
}

/** Smallest first: renditions of one place in the ladder come together in one group. */
function bySize(candidates: readonly Candidate<AudioSet>[]): Candidate<AudioSet>[] {
  const sizeOf = ({ representation: { addressing } }: Candidate<AudioSet>) =>
    addressing.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return [...candidates].sort((a, b) => sizeOf(a) - sizeOf(b));
}

/** Where the first representation of a group stands in the presentation. */
function placeOf(
  sets: readonly AudioSet[],
  group: ReadonlyMap<string, Rendition<AudioRepresentation>>,
): number {
  const inGroup = new Set([...group.values()].map(({ representation }) => representation));
  return candidatesOf(sets).findIndex(({ representation }) => inGroup.has(representation));
}

function groupName(representation: AudioRepresentation): string {
  const family = codecFamily(representation.codecs);
  return `${CODEC_NAMES[family] ?? family.toLowerCase()}-${channelsText(representation).replace('/', '-').toLowerCase()}`;
}

/** The name, with a number where it is taken. */
function unique(name: string, separator: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}${separator}${number}`;
  taken.add(free);
  return free;
}

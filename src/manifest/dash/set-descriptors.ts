import type { Accessibility, Colour, Presentation, SwitchingSet, VideoSet } from '../presentation.js';
import { codecFamily, rolesOf } from '../sets.js';
import { element, type XmlTree } from './xml.js';

const ROLE_SCHEME = 'urn:mpeg:dash:role:2011';

/** TV-Anytime's purposes of audio, which DVB players look for. */
const AUDIO_PURPOSES: Record<Accessibility, string> = { description: '1', caption: '2' };

/** Code points of ISO/IEC 23091-2. */
const BT709 = 1;
const PQ = 16;

/**
 * Role elements of a set (ISO/IEC 23009-1 5.8.5.5).
 * @example
 * roleElements(presentation, englishAudio); // <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
 */
export function roleElements(presentation: Presentation, set: SwitchingSet): XmlTree[] {
  return rolesOf(presentation, set).map((value) => element('Role', { schemeIdUri: ROLE_SCHEME, value }));
}

/**
 * Accessibility elements of a set, in both schemes that players read (ISO/IEC 23009-1 5.8.4.3).
 * @example
 * accessibilityElements(audioDescription).length; // 2
 */
export function accessibilityElements({ accessibility = [] }: SwitchingSet): XmlTree[] {
  return accessibility.flatMap((value) => [
    element('Accessibility', { schemeIdUri: ROLE_SCHEME, value }),
    element('Accessibility', {
      schemeIdUri: 'urn:tva:metadata:cs:AudioPurposeCS:2007',
      value: AUDIO_PURPOSES[value],
    }),
  ]);
}

/**
 * What a player has to know of a set of video, or else leave it alone.
 * @example
 * essentialProperties(trickPlaySet); // <EssentialProperty schemeIdUri="http://dashif.org/guidelines/trickmode" value="1"/>
 */
export function essentialProperties(set: SwitchingSet): XmlTree[] {
  if (set.kind !== 'video') return [];
  const trickPlay = set.trickPlay && [
    element('EssentialProperty', {
      schemeIdUri: 'http://dashif.org/guidelines/trickmode',
      value: set.trickPlay.ofSetId,
    }),
  ];
  return [...(trickPlay ?? []), ...(isPqOnly(set) ? colourProperties('EssentialProperty', set.colour!) : [])];
}

/**
 * What a player may use: colours, and the sets that this one can be switched with.
 * @example
 * supplementalProperties(presentation, hdSet); // … value="1"/> of adaptation-set-switching, for the set of SD
 */
export function supplementalProperties(presentation: Presentation, set: SwitchingSet): XmlTree[] {
  const colours =
    set.kind === 'video' && set.colour && !isPqOnly(set) && !isBt709(set.colour)
      ? colourProperties('SupplementalProperty', set.colour)
      : [];
  const others = switchableSets(presentation, set).map(({ id }) => id);
  if (others.length === 0) return colours;
  const schemeIdUri = 'urn:mpeg:dash:adaptation-set-switching:2016';
  return [...colours, element('SupplementalProperty', { schemeIdUri, value: others.join(',') })];
}

/**
 * Sets that differ in the key alone: a set has one, so that renditions of other keys go to sets of their own
 * (ISO/IEC 23009-1 5.3.3.5).
 * @example
 * switchableSets(presentation, hdSet).map(({ id }) => id); // [2]: the set of SD, with a key of its own
 */
export function switchableSets(presentation: Presentation, set: SwitchingSet): SwitchingSet[] {
  if (!set.protection) return [];
  const likeness = likenessOf(presentation, set);
  return presentation.switchingSets.filter(
    (other) =>
      other.id !== set.id &&
      other.protection?.scheme === set.protection?.scheme &&
      likenessOf(presentation, other) === likeness,
  );
}

/** All that two sets must share for a player to switch between them. */
function likenessOf(presentation: Presentation, set: SwitchingSet): string {
  const shared = [set.kind, set.language, rolesOf(presentation, set), set.accessibility ?? [], set.label];
  return JSON.stringify([...shared, ...technicalLikeness(set)]);
}

function technicalLikeness(set: SwitchingSet): unknown[] {
  if (set.kind === 'video') return [codecFamily(set.representations[0].codecs), set.colour, set.trickPlay];
  if (set.kind !== 'audio') return [set.id];
  const [{ codecs, channels }] = set.representations;
  return [codecFamily(codecs), channels.count, channels.jocComplexity];
}

/** Who does not know PQ would show it wrong; a Dolby Vision layer does not help that player. */
function isPqOnly({ colour }: VideoSet): boolean {
  return colour?.transfer === PQ;
}

function isBt709({ primaries, transfer, matrix }: Colour): boolean {
  return [primaries, transfer, matrix].every((codePoint) => codePoint === BT709);
}

function colourProperties(name: string, { primaries, transfer, matrix }: Colour): XmlTree[] {
  return [
    element(name, { schemeIdUri: 'urn:mpeg:mpegB:cicp:ColourPrimaries', value: primaries }),
    element(name, { schemeIdUri: 'urn:mpeg:mpegB:cicp:TransferCharacteristics', value: transfer }),
    element(name, { schemeIdUri: 'urn:mpeg:mpegB:cicp:MatrixCoefficients', value: matrix }),
  ];
}

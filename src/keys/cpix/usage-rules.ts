import { attributeOf, childElements, escapeXml, type XmlElement } from '../../bytes/xml.js';
import type { CpixAudioFilter, CpixBitrateFilter, CpixUsageRule, CpixVideoFilter } from './document.js';
import { booleanAttribute, integerAttribute, present, requiredKeyId } from './elements.js';
import { cpixFault } from './faults.js';
import { NAMESPACES } from './names.js';

const KNOWN_FILTERS = ['KeyPeriodFilter', 'LabelFilter', 'VideoFilter', 'AudioFilter', 'BitrateFilter'];

/** Reads one ContentKeyUsageRule. */
export function readUsageRule(rule: XmlElement): CpixUsageRule {
  const filters = (name: string) =>
    childElements(rule, name).filter((filter) => filter.namespace === NAMESPACES.cpix);
  const unknown = childElements(rule).filter(
    ({ namespace, localName }) => namespace !== NAMESPACES.cpix || !KNOWN_FILTERS.includes(localName),
  );
  return {
    kid: requiredKeyId(rule, 'kid'),
    ...present({ intendedTrackType: attributeOf(rule, 'intendedTrackType') }),
    keyPeriodFilters: filters('KeyPeriodFilter').map((filter) => required(filter, 'periodId')),
    labelFilters: filters('LabelFilter').map((filter) => required(filter, 'label')),
    videoFilters: filters('VideoFilter').map(readVideoFilter),
    audioFilters: filters('AudioFilter').map(
      (filter): CpixAudioFilter =>
        present({
          minChannels: integerAttribute(filter, 'minChannels'),
          maxChannels: integerAttribute(filter, 'maxChannels'),
        }),
    ),
    bitrateFilters: filters('BitrateFilter').map(
      (filter): CpixBitrateFilter =>
        present({
          minBitrate: integerAttribute(filter, 'minBitrate'),
          maxBitrate: integerAttribute(filter, 'maxBitrate'),
        }),
    ),
    unknownFilters: unknown.map((filter) => filter.localName.slice(0, 40)),
  };
}

function readVideoFilter(filter: XmlElement): CpixVideoFilter {
  return present({
    minPixels: integerAttribute(filter, 'minPixels'),
    maxPixels: integerAttribute(filter, 'maxPixels'),
    hdr: booleanAttribute(filter, 'hdr'),
    wcg: booleanAttribute(filter, 'wcg'),
    minFps: integerAttribute(filter, 'minFps'),
    maxFps: integerAttribute(filter, 'maxFps'),
  });
}

function required(filter: XmlElement, name: string): string {
  const value = attributeOf(filter, name);
  if (value !== undefined) return value;
  throw cpixFault(`a ${filter.localName} has no ${name}`);
}

/** XML of one ContentKeyUsageRule. Filters that were not understood cannot be written. */
export function writeUsageRule(rule: CpixUsageRule): string {
  const { kid, intendedTrackType } = rule;
  const filters = [
    ...rule.keyPeriodFilters.map((periodId) => empty('KeyPeriodFilter', { periodId })),
    ...rule.labelFilters.map((label) => empty('LabelFilter', { label })),
    ...rule.videoFilters.map((filter) => empty('VideoFilter', { ...filter })),
    ...rule.audioFilters.map((filter) => empty('AudioFilter', { ...filter })),
    ...rule.bitrateFilters.map((filter) => empty('BitrateFilter', { ...filter })),
  ];
  const start = `<cpix:ContentKeyUsageRule${attributes({ kid, intendedTrackType })}>`;
  return `${start}${filters.join('')}</cpix:ContentKeyUsageRule>`;
}

function empty(name: string, values: AttributeValues): string {
  return `<cpix:${name}${attributes(values)}/>`;
}

export type AttributeValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** Attributes that have a value, in the order given. */
export function attributes(values: AttributeValues): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');
}

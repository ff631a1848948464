import type { AudioRepresentation } from '../presentation.js';
import { codecFamily } from '../sets.js';
import { element, type XmlTree } from './xml.js';

interface ChannelScheme {
  readonly schemeIdUri: string;
  readonly maskDigits: number;
}

const AC3: ChannelScheme = {
  schemeIdUri: 'tag:dolby.com,2014:dash:audio_channel_configuration:2011',
  maskDigits: 4,
};

/** Codecs whose speakers are listed as Dolby does it. */
const DOLBY_SCHEMES: Readonly<Record<string, ChannelScheme>> = {
  'ac-3': AC3,
  'ec-3': AC3,
  'ac-4': { schemeIdUri: 'tag:dolby.com,2015:dash:audio_channel_configuration:2015', maskDigits: 6 },
};

/** The older of the two schemes with numbers of ISO/IEC 23091-3: more players read it. */
const CICP_SCHEME = 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011';

/**
 * AudioChannelConfiguration of a representation (ISO/IEC 23009-1 5.8.5.4).
 * @example
 * audioChannelConfiguration(stereoAac); // <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:…" value="2"/>
 */
export function audioChannelConfiguration({ codecs, channels }: AudioRepresentation): XmlTree {
  const dolby = DOLBY_SCHEMES[codecFamily(codecs)];
  const { dolbyMask, cicpIndex, count } = channels;
  if (!dolby || dolbyMask === undefined) {
    return element('AudioChannelConfiguration', { schemeIdUri: CICP_SCHEME, value: cicpIndex ?? count });
  }
  const value = dolbyMask.toString(16).toUpperCase().padStart(dolby.maskDigits, '0');
  return element('AudioChannelConfiguration', { schemeIdUri: dolby.schemeIdUri, value });
}

/**
 * SupplementalProperty elements of E-AC-3 with Dolby Atmos; none for anything else.
 * @example
 * atmosProperties(eac3WithAtmos).length; // 2
 */
export function atmosProperties({ channels: { jocComplexity } }: AudioRepresentation): XmlTree[] {
  if (jocComplexity === undefined) return [];
  return [
    element('SupplementalProperty', {
      schemeIdUri: 'tag:dolby.com,2018:dash:EC3_ExtensionType:2018',
      value: 'JOC',
    }),
    element('SupplementalProperty', {
      schemeIdUri: 'tag:dolby.com,2018:dash:EC3_ExtensionComplexityIndex:2018',
      value: jocComplexity,
    }),
  ];
}

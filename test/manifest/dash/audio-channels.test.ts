import { describe, expect, it } from 'vitest';
import { atmosProperties, audioChannelConfiguration } from '../../../src/manifest/dash/audio-channels.js';
import type { AudioChannels, AudioRepresentation } from '../../../src/manifest/presentation.js';
import { audio } from '../examples.js';

function audioOf(codecs: string, channels: AudioChannels): AudioRepresentation {
  return { ...audio(2, 'en', 'English').representations[0], codecs, channels };
}

describe('AudioChannelConfiguration', () => {
  it.each<[string, AudioChannels, string, string | number]>([
    ['mp4a.40.2', { count: 2 }, 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011', 2],
    ['opus', { count: 8, cicpIndex: 12 }, 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011', 12],
    [
      'ac-3',
      { count: 6, dolbyMask: 0xf801 },
      'tag:dolby.com,2014:dash:audio_channel_configuration:2011',
      'F801',
    ],
    [
      'ec-3',
      { count: 1, dolbyMask: 0x0800 },
      'tag:dolby.com,2014:dash:audio_channel_configuration:2011',
      '0800',
    ],
    [
      'ac-4.02.01.03',
      { count: 6, dolbyMask: 0x47 },
      'tag:dolby.com,2015:dash:audio_channel_configuration:2015',
      '000047',
    ],
    ['ec-3', { count: 6 }, 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011', 6],
  ])('of %s with %j', (codecs, channels, schemeIdUri, value) => {
    expect(audioChannelConfiguration(audioOf(codecs, channels)).attributes).toEqual({ schemeIdUri, value });
  });

  it('is joined by the complexity of Atmos', () => {
    const properties = atmosProperties(audioOf('ec-3', { count: 6, dolbyMask: 0xf801, jocComplexity: 16 }));
    expect(properties.map(({ name, attributes }) => [name, attributes.value])).toEqual([
      ['SupplementalProperty', 'JOC'],
      ['SupplementalProperty', 16],
    ]);
    expect(atmosProperties(audioOf('ec-3', { count: 6 }))).toEqual([]);
  });
});

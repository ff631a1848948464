import { describe, expect, it } from 'vitest';
import { FileSource } from '../../../src/bytes/source.js';
import { readMovie } from '../../../src/isobmff/movie.js';
import { channelsOf, dolbyChannels } from '../../../src/packager/package/channels.js';
import { openMedia } from '../../../src/packager/package/media.js';
import { describeTracks } from '../../../src/protection/tracks.js';
import { box } from '../../support/builder/boxes.js';
import { voice, writeMovie } from '../../support/ladder.js';
import { testMedia } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();

describe('channelsOf', () => {
  it.each<[string, Parameters<typeof channelsOf>[0], ReturnType<typeof channelsOf>]>([
    ['mono', { acmod: 1, lfeon: false, chanLoc: 0 }, { count: 1, dolbyMask: 0x4000 }],
    ['stereo', { acmod: 2, lfeon: false, chanLoc: 0 }, { count: 2, dolbyMask: 0xa000 }],
    ['4.0 with a centre surround', { acmod: 5, lfeon: false, chanLoc: 0 }, { count: 4, dolbyMask: 0xe100 }],
    ['5.1', { acmod: 7, lfeon: true, chanLoc: 0 }, { count: 6, dolbyMask: 0xf801 }],
    ['7.1: 5.1 and Lrs/Rrs', { acmod: 7, lfeon: true, chanLoc: 2 }, { count: 8, dolbyMask: 0xfa01 }],
    [
      '7.1.2: 5.1, Lrs/Rrs and Lvh/Rvh',
      { acmod: 7, lfeon: true, chanLoc: 0b1000010 },
      { count: 10, dolbyMask: 0xfa11 },
    ],
    ['two LFE', { acmod: 7, lfeon: true, chanLoc: 256 }, { count: 7, dolbyMask: 0xf803 }],
    [
      'Dolby Atmos',
      { acmod: 7, lfeon: true, chanLoc: 0, jocComplexity: 16 },
      { count: 6, dolbyMask: 0xf801, jocComplexity: 16 },
    ],
  ])('%s', (_, given, expected) => {
    expect(channelsOf(given)).toEqual(expected);
  });
});

it.each(['ac3.mp4', 'eac3.mp4'])('finds the speakers of %s', async (name) => {
  const { source, tracks } = await openMedia(testMedia(name), {}, undefined);
  source.close();
  const [{ channels }] = tracks.filter(({ type }) => type === 'audio');
  expect(channels).toEqual({ count: 1, dolbyMask: 0x4000 }); // their sample entries say two
});

it('finds the speakers of AC-4, and its name', async () => {
  // 5.1.2 of a Dolby encoder, from the tests of shaka-packager: L/R, C, Ls/Rs, LFE, Tl/Tr
  const dac4 = '20a001600000001fffffffe001151380000058400031fca02000031d404000000800c0';
  const track = voice(1);
  const fields = track.entries[0]!.slice(8, 36); // AudioSampleEntry (ISO/IEC 14496-12 12.2.3)
  const entry = box('ac-4', fields, box('dac4', Buffer.from(dac4, 'hex')));
  const source = new FileSource(writeMovie(temporary('ac4.mp4'), [{ ...track, entries: [entry] }]));
  const movie = readMovie(source);
  const [{ codecs }] = await describeTracks(movie);
  source.close();
  expect(codecs[0]!.codec).toBe('ac-4.02.01.03');
  expect(dolbyChannels(movie)).toEqual({ count: 8, dolbyMask: 0xc7 });
});

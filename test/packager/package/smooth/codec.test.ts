import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../src/bytes/hex.js';
import type { TitleTrack } from '../../../../src/packager/package/representations.js';
import { smoothCodecOf } from '../../../../src/packager/package/smooth/codec.js';
import type { BuiltTrack } from '../../../support/builder/movie.js';
import { rendition, voice } from '../../../support/ladder.js';
import { temporaryFolder } from '../../../support/temporary.js';
import { mediaOf } from '../media.js';

const temporary = temporaryFolder();
let count = 0;

async function codecOf(track: BuiltTrack) {
  const [one] = await mediaOf(temporary(`film${count++}.mp4`), [track]);
  return smoothCodecOf({ ...one, id: 'one' } as TitleTrack);
}

/** The picture with a change in its sample entry. */
function picture(change: (entry: Buffer) => void): BuiltTrack {
  const track = rendition(320, 180);
  const entry = Buffer.from(track.entries[0]);
  change(entry);
  return { ...track, entries: [entry] };
}

describe('smoothCodecOf', () => {
  it('gives the configuration of AAC, and its FourCC by the object type', async () => {
    const codec = await codecOf(voice(1));
    if (typeof codec === 'string') throw new Error(codec);
    expect([codec.fourCC, toHex(codec.codecPrivateData)]).toEqual(['AACL', '1190']);
  });

  it('gives parameter sets of AVC behind start codes', async () => {
    const codec = await codecOf(rendition(320, 180));
    if (typeof codec === 'string') throw new Error(codec);
    expect(codec.fourCC).toBe('H264');
    expect(toHex(codec.codecPrivateData)).toMatch(/^0000000167.*0000000168/);
  });

  it('says why it cannot have others', async () => {
    const lengths = picture((entry) => {
      entry[entry.indexOf('avcC') + 8] = 0xfd; // lengths of two bytes
    });
    expect(await codecOf(lengths)).toBe('the lengths of its NAL units have 2 bytes instead of 4');
    const inBand = picture((entry) => entry.write('avc3', 4));
    expect(await codecOf(inBand)).toContain('its parameter sets are in its samples (avc3)');
    const [one] = [rendition(320, 180)];
    const two = { ...one, entries: [one.entries[0], one.entries[0]] };
    expect(await codecOf(two)).toBe('it changes its codec configuration');
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageTitle } from '../../../src/index.js';
import { box, text, u8, u16 } from '../../support/builder/boxes.js';
import { type BuiltTrack, tracksOf } from '../../support/builder/movie.js';
import { CUTS, rendition, voice, writeMovie } from '../../support/ladder.js';
import { testMedia } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';
import { mediaOf } from './media.js';

const temporary = temporaryFolder();

/** dvcC or dvvC (Dolby Vision Streams Within ISOBMFF, 3.2): profile 7 bits, level 6, rpu, no el, bl; compatibility id 4 bits. */
function configuration(profile: number, level: number, compatibilityId: number): Buffer {
  const bits = (profile << 9) | (level << 3) | 0b101;
  return box(
    profile > 7 ? 'dvvC' : 'dvcC',
    u8(1),
    u8(0),
    u16(bits),
    u8(compatibilityId << 4),
    Buffer.alloc(19),
  );
}

const colr = (transfer: number) => box('colr', text('nclx'), u16(9, transfer, 9), u8(0));

/** The track with boxes behind those of its sample entry, whose type may be another. */
function withBoxes(
  track: BuiltTrack,
  format: string | undefined,
  ...boxes: readonly Uint8Array[]
): BuiltTrack {
  const entry = Buffer.concat([track.entries[0], ...boxes]);
  entry.writeUInt32BE(entry.length, 0);
  if (format !== undefined) entry.write(format, 4, 'latin1');
  return { ...track, entries: [entry] };
}

const hevc = (format: string, ...boxes: readonly Uint8Array[]) =>
  withBoxes(tracksOf(testMedia('hev1.mp4'), 5)[0]!, format, ...boxes);

describe('Dolby Vision', () => {
  it.each<[string, BuiltTrack, object | undefined]>([
    ['HDR10', hevc('hvc1', configuration(8, 7, 1), colr(16)), { codecs: 'dvh1.08.07', profile: 'db1p' }],
    ['SDR', hevc('hev1', configuration(8, 7, 2)), { codecs: 'dvhe.08.07', profile: 'db2g' }],
    ['HLG', hevc('hvc1', configuration(8, 7, 4), colr(18)), { codecs: 'dvh1.08.07', profile: 'db4h' }],
    ['BT.2020', hevc('hvc1', configuration(8, 7, 4), colr(14)), { codecs: 'dvh1.08.07', profile: 'db4g' }],
    [
      'AVC',
      withBoxes(rendition(320, 180), undefined, configuration(9, 3, 2)),
      { codecs: 'dva1.09.03', profile: 'db2g' },
    ],
    ['a layer of no use', hevc('hvc1', configuration(8, 7, 0)), undefined],
    ['entries of its own', hevc('dvh1', configuration(5, 6, 0)), undefined],
    ['nothing', hevc('hvc1'), undefined],
  ])('over %s', async (_, track, expected) => {
    const [media] = await mediaOf(temporary('film.mp4'), [track]);
    expect(media.supplementalCodecs).toEqual(expected);
  });

  it('is named by its own entries, whose pictures are PQ', async () => {
    const track = hevc('dvh1', configuration(5, 6, 0));
    expect((await mediaOf(temporary('film.mp4'), [track]))[0].described.codecs[0]).toMatchObject({
      codec: 'dvh1.05.06',
    });
  });

  it('stands in the manifests behind the base layer, and apart from renditions without it', async () => {
    const dolby = withBoxes(rendition(320, 180), undefined, configuration(9, 3, 2));
    const inputs = [
      writeMovie(temporary('dolby.mp4'), [dolby]),
      writeMovie(temporary('plain.mp4'), [rendition(160, 90), voice(1, 2)]),
    ];
    const outDir = temporary('title');
    const { warnings } = await packageTitle({ inputs, outDir, keysOut: temporary('k.json'), ...CUTS });
    expect(warnings).toContainEqual(
      expect.stringMatching(/video-180p and video-90p: they differ in Dolby Vision/),
    );
    const mpd = readFileSync(join(outDir, 'manifest.mpd'), 'utf8');
    expect(mpd).toContain('xmlns:scte214="urn:scte:dash:scte214-extensions"');
    expect(mpd).toMatch(
      /codecs="avc1\.64000c" scte214:supplementalCodecs="dva1\.09\.03" scte214:supplementalProfiles="db2g"/,
    );
    const hls = readFileSync(join(outDir, 'main.m3u8'), 'utf8');
    expect(hls).toContain('SUPPLEMENTAL-CODECS="dva1.09.03/db2g"');
    expect(hls.match(/SUPPLEMENTAL-CODECS/g)).toHaveLength(1);
  });
});

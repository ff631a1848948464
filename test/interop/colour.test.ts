import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageTitle } from '../../src/index.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, ffmpeg } from '../support/tools.js';

const temporary = temporaryFolder();

const ENCODERS = ['libx264', 'libx265', 'libaom-av1', 'libvpx-vp9'] as const;
const RANGES: readonly (readonly [string, number, string, string])[] = [
  ['smpte2084', 16, 'EssentialProperty', 'PQ'],
  ['arib-std-b67', 18, 'SupplementalProperty', 'HLG'],
];
const CASES = ENCODERS.flatMap((encoder) => RANGES.map((range) => [encoder, ...range] as const));

describeWith(['ffmpeg'], 'colours that only the bitstream tells', () => {
  it.each(CASES)('%s, %s', async (encoder, transfer, codePoint, property, range) => {
    const name = `${encoder}-${transfer}`;
    const path = encoded(encoder, transfer, temporary(`${name}.mp4`));
    const outDir = temporary(name);
    await packageTitle({ inputs: [path], outDir, keysOut: temporary(`${name}.json`) });
    const text = (file: string) => readFileSync(join(outDir, file), 'utf8');
    for (const [what, value] of [
      ['ColourPrimaries', 9],
      ['TransferCharacteristics', codePoint],
      ['MatrixCoefficients', 9],
    ] as const)
      expect(text('manifest.mpd')).toContain(
        `<${property} schemeIdUri="urn:mpeg:mpegB:cicp:${what}" value="${value}"/>`,
      );
    expect(text('main.m3u8')).toContain(`VIDEO-RANGE=${range}`);
  });
});

/** Two pictures of BT.2020, in a file without `colr`. */
function encoded(encoder: string, transfer: string, path: string): string {
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=5:duration=0.4', '-pix_fmt', 'yuv420p10le'];
  const colours = ['-color_primaries', 'bt2020', '-color_trc', transfer, '-colorspace', 'bt2020nc'];
  const quiet = encoder === 'libx265' ? ['-x265-params', 'log-level=none'] : [];
  ffmpeg(...picture, '-c:v', encoder, ...colours, ...quiet, path);
  const bytes = readFileSync(path);
  const colr = bytes.indexOf('colrnclx');
  if (colr >= 0) bytes.write('free', colr, 'latin1');
  writeFileSync(path, bytes);
  return path;
}

import { describe, expect, it } from 'vitest';
import { decrypt, inspect } from '../../src/index.js';
import { hex, u32, uuidBox } from '../support/builder/boxes.js';
import { type FragmentedShape, fragmented } from '../support/builder/fragmented.js';
import { tracksOf } from '../support/builder/movie.js';
import { writePieces } from '../support/builder/pieces.js';
import { type Protection, protect } from '../support/builder/protect.js';
import { KEY, KID, testKeys } from '../support/jobs.js';
import { fingerprintsOf } from '../support/sample-hashes.js';
import { testMedia } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const SOURCE = testMedia('moov-last.mp4');

const PIFF_PSSH = uuidBox(
  'd08a4f18-10f3-4a82-b6c8-32d8aba183d3',
  0,
  0,
  hex('9a04f079-9840-4286-ab92-e65be0885f95'),
  u32(4),
  hex('04000000'),
);

interface Variant extends Omit<Protection, 'kid' | 'keyHex' | 'clearBytes'> {
  readonly name: string;
  readonly shape: FragmentedShape;
}

const VARIANTS: Variant[] = [
  { name: 'senc, saiz and saio', style: 'cenc', ivSize: 8, shape: { aux: 'senc' } },
  { name: 'senc alone', style: 'cenc', ivSize: 8, shape: { aux: 'senc-only' } },
  { name: '16-byte IVs whose counter wraps', style: 'cenc', ivSize: 16, shape: { aux: 'senc' } },
  { name: 'absolute bases', style: 'cenc', ivSize: 8, shape: { aux: 'senc', base: 'absolute' } },
  {
    name: 'several runs and track fragments',
    style: 'cenc',
    ivSize: 8,
    shape: { aux: 'senc', runs: 2, trafs: 2 },
  },
  { name: 'PIFF', style: 'piff', ivSize: 8, shape: { aux: 'piff', moovBoxes: [PIFF_PSSH] } },
  {
    name: 'PIFF, AES-CBC',
    style: 'piff',
    cipher: 'cbc',
    ivSize: 16,
    shape: { aux: 'piff', moovBoxes: [PIFF_PSSH] },
  },
  { name: 'PIFF, 16-byte IVs', style: 'piff', ivSize: 16, shape: { aux: 'piff', moovBoxes: [PIFF_PSSH] } },
];

describe('files as other packagers write them', () => {
  it.each(VARIANTS)('decrypts $name', async (variant) => {
    const encrypted = writeProtected(variant);
    const output = temporary(`${variant.name}.clear.mp4`);
    await decrypt({ input: encrypted, output, keys: testKeys });
    expect(fingerprintsOf(output)).toEqual(fingerprintsOf(SOURCE));
  });

  it.each(VARIANTS)('inspects $name', async (variant) => {
    const report = await inspect(writeProtected(variant));
    expect(report.tracks.map(({ encrypted, kid, ivSize }) => ({ encrypted, kid, ivSize }))).toEqual([
      { encrypted: true, kid: KID, ivSize: variant.ivSize },
      { encrypted: true, kid: KID, ivSize: variant.ivSize },
    ]);
    expect(report.pssh.map(({ name }) => name)).toEqual(variant.style === 'piff' ? ['PlayReady'] : []);
  });
});

/** Video with 40 clear bytes a sample, audio protected whole. */
function writeProtected({ name, style, cipher = 'ctr', ivSize, shape }: Variant): string {
  const tracks = tracksOf(SOURCE).map((track) => {
    const clearBytes = track.handler === 'vide' ? 40 : 0;
    return protect(track, { style, cipher, ivSize, clearBytes, kid: KID, keyHex: KEY });
  });
  const path = temporary(`${name}.mp4`);
  writePieces(path, fragmented(tracks, shape));
  return path;
}

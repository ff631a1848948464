import { expect, it } from 'vitest';
import { decrypt } from '../../src/index.js';
import { encryptTo, KEY, KID, testKeys } from '../support/jobs.js';
import { ffmpegHashes, ffmpegSamples, fingerprintsOf } from '../support/sample-hashes.js';
import { sample, testMedia } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, ffmpeg } from '../support/tools.js';

const temporary = temporaryFolder();

const FILES = [
  ...['bars.mp4', 'bars-fragmented.mp4', 'bars-hevc.mp4', 'tone.m4a'].map(sample),
  ...['ac3.mp4', 'eac3.mp4', 'opus.mp4', 'flac.mp4', 'alac.m4a', 'mp3.mp4', 'quicktime.mov'].map(testMedia),
  ...['multislice.mp4', 'cavlc.mp4', 'interlaced.mp4', 'hevc-multislice.mp4', 'hev1.mp4'].map(testMedia),
].map((path) => ({ path, name: path.slice(path.lastIndexOf('/') + 1) }));

describeWith(['ffmpeg'], 'ffmpeg decrypts our output', () => {
  it.each(FILES)('$name as fragments: same samples', async ({ name, path }) => {
    const output = temporary(`${name}.fragmented.mp4`);
    await encryptTo(path, output, { layout: 'fragmented' });
    expect(ffmpegHashes(output, KEY)).toEqual(ffmpegHashes(path));
  });

  it.each(FILES)('$name in its own layout: same samples at the same times', async ({ name, path }) => {
    const output = temporary(`${name}.keep.mp4`);
    await encryptTo(path, output, { layout: 'keep' });
    // Of MP3, ffmpeg takes durations from the frames where they are clear; the last one differs from stts.
    const list = name === 'mp3.mp4' ? ffmpegHashes : ffmpegSamples;
    expect(list(output, KEY)).toEqual(list(path));
  });

  // ffmpeg passes over the configuration of ALAC unless sinf stands before it; no copy of samples can show that.
  it.each(['keep', 'fragmented'] as const)('decodes Apple Lossless, layout %s', async (layout) => {
    const output = temporary(`alac.${layout}.m4a`);
    await encryptTo(testMedia('alac.m4a'), output, { layout });
    expect(decodedSound(output, KEY)).toEqual(decodedSound(testMedia('alac.m4a')));
  });

  it('with 16-byte IVs', async () => {
    const output = temporary('iv16.mp4');
    await encryptTo(sample('bars.mp4'), output, { ivSize: 16 });
    expect(ffmpegHashes(output, KEY)).toEqual(ffmpegHashes(sample('bars.mp4')));
  });

  it('reads other samples with another key', async () => {
    const output = temporary('wrong.mp4');
    await encryptTo(sample('tone.m4a'), output);
    expect(ffmpegHashes(output, KEY.replace(/^3/, '4'))).not.toEqual(ffmpegHashes(sample('tone.m4a')));
  });

  it('presents the pictures at the same times as before', async () => {
    const output = temporary('times.mp4');
    await encryptTo(sample('bars.mp4'), output);
    expect(decodedFrames(output, KEY)).toEqual(decodedFrames(sample('bars.mp4')));
  });
});

describeWith(['ffmpeg'], 'we decrypt what ffmpeg encrypts', () => {
  it.each(['bars.mp4', 'tone.m4a'])('%s', async (name) => {
    const encrypted = temporary(`theirs-${name}`);
    ffmpeg(
      ...['-i', sample(name), '-c', 'copy', '-encryption_scheme', 'cenc-aes-ctr'],
      ...['-encryption_key', KEY, '-encryption_kid', KID.replaceAll('-', ''), encrypted],
    );
    const output = temporary(`theirs-clear-${name}`);
    await decrypt({ input: encrypted, output, keys: testKeys });
    const hashes = (path: string) => fingerprintsOf(path).map((track) => track.map(({ md5 }) => md5));
    expect(hashes(encrypted)).not.toEqual(hashes(sample(name)));
    expect(hashes(output)).toEqual(hashes(sample(name)));
  });
});

/** Hash of the decoded sound. */
function decodedSound(path: string, keyHex?: string): string {
  const key = keyHex === undefined ? [] : ['-decryption_key', keyHex];
  return ffmpeg(...key, '-i', path, '-map', '0:a', '-f', 'md5', '-');
}

/** Times and hashes of decoded pictures: what a viewer sees, edit lists applied. */
function decodedFrames(path: string, keyHex?: string): string {
  const key = keyHex === undefined ? [] : ['-decryption_key', keyHex];
  // ffmpeg moves all times by that of the first packet, which is the audio's encoder delay in fragmented files.
  const text = ffmpeg('-copyts', ...key, '-i', path, '-map', '0:v', '-f', 'framemd5', '-');
  const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(rows.length).toBe(125);
  return rows.join('\n');
}

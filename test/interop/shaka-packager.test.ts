import { expect, it } from 'vitest';
import { decrypt, inspect, parseKeyFile } from '../../src/index.js';
import { encryptTo, KEY, KID, testKeys } from '../support/jobs.js';
import { trackHashes } from '../support/sample-hashes.js';
import { sample, testMedia } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, shaka } from '../support/tools.js';

const temporary = temporaryFolder();
const KEYS = ['--keys', `label=:key_id=${KID.replaceAll('-', '')}:key=${KEY}`];

/** What shaka-packager reads; it has no MP3 in MP4. */
const TRACKS = [
  { codec: 'AVC', path: sample('bars.mp4'), stream: 'video' },
  { codec: 'AVC with several slices', path: testMedia('multislice.mp4'), stream: 'video' },
  { codec: 'AVC CAVLC', path: testMedia('cavlc.mp4'), stream: 'video' },
  { codec: 'AVC interlaced', path: testMedia('interlaced.mp4'), stream: 'video' },
  { codec: 'AVC from fragments', path: sample('bars-fragmented.mp4'), stream: 'video' },
  { codec: 'HEVC', path: sample('bars-hevc.mp4'), stream: 'video' },
  { codec: 'HEVC with several slices', path: testMedia('hevc-multislice.mp4'), stream: 'video' },
  { codec: 'AAC', path: sample('bars.mp4'), stream: 'audio' },
  { codec: 'AC-3', path: testMedia('ac3.mp4'), stream: 'audio' },
  { codec: 'E-AC-3', path: testMedia('eac3.mp4'), stream: 'audio' },
  { codec: 'Opus', path: testMedia('opus.mp4'), stream: 'audio' },
  { codec: 'FLAC', path: testMedia('flac.mp4'), stream: 'audio' },
  { codec: 'ALAC', path: testMedia('alac.m4a'), stream: 'audio' },
] as const;

describeWith(['shaka-packager'], 'shaka-packager decrypts our output', () => {
  it.each(TRACKS)('$codec', async ({ codec, path, stream }) => {
    const encrypted = temporary(`${codec}.enc.mp4`);
    const clear = temporary(`${codec}.clear.mp4`);
    await encryptTo(path, encrypted);
    shaka(`in=${encrypted},stream=${stream},output=${clear}`, '--enable_raw_key_decryption', ...KEYS);
    expect(trackHashes(clear, stream)).toEqual(trackHashes(path, stream));
  });

  it('with 16-byte IVs', async () => {
    const encrypted = temporary('iv16.enc.mp4');
    const clear = temporary('iv16.clear.mp4');
    await encryptTo(sample('bars.mp4'), encrypted, { ivSize: 16 });
    shaka(`in=${encrypted},stream=video,output=${clear}`, '--enable_raw_key_decryption', ...KEYS);
    expect(trackHashes(clear, 'video')).toEqual(trackHashes(sample('bars.mp4'), 'video'));
  });
});

describeWith(['shaka-packager'], 'we decrypt what shaka-packager encrypts', () => {
  it.each(TRACKS)('$codec', async ({ codec, path, stream }) => {
    const encrypted = temporary(`${codec}.theirs.mp4`);
    const clear = temporary(`${codec}.ours.mp4`);
    shaka(
      ...[`in=${path},stream=${stream},output=${encrypted}`, '--enable_raw_key_encryption', ...KEYS],
      ...['--clear_lead', '0', '--protection_scheme', 'cenc'],
    );
    await decrypt({ input: encrypted, output: clear, keys: testKeys });
    expect(trackHashes(encrypted, stream)).not.toEqual(trackHashes(path, stream));
    expect(trackHashes(clear, stream)).toEqual(trackHashes(path, stream));
  });

  it('with a clear lead, and 16-byte IVs', async () => {
    const encrypted = temporary('lead.theirs.mp4');
    const clear = temporary('lead.ours.mp4');
    shaka(
      ...[
        `in=${sample('bars.mp4')},stream=video,output=${encrypted}`,
        '--enable_raw_key_encryption',
        ...KEYS,
      ],
      ...['--clear_lead', '1', '--segment_duration', '1', '--iv', '000102030405060708090a0b0c0d0e0f'],
    );
    await decrypt({ input: encrypted, output: clear, keys: testKeys });
    expect(trackHashes(clear, 'video')).toEqual(trackHashes(sample('bars.mp4'), 'video'));
  });
});

/** Its rotation of raw keys: KID and key turn left by as many bytes as the crypto period has for an index. */
function turned(hex: string, index: number): string {
  return hex.slice(2 * index) + hex.slice(0, 2 * index);
}

describeWith(['shaka-packager'], 'we decrypt what shaka-packager rotates', () => {
  const kidHex = KID.replaceAll('-', '');
  const kidOf = (index: number) =>
    turned(kidHex, index).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const cases = (['cenc', 'cbcs', 'cens', 'cbc1'] as const).flatMap((scheme) =>
    [0, 1].map((leadSeconds) => ({ scheme, leadSeconds })),
  );
  it.each(cases)('$scheme after $leadSeconds clear seconds', async ({ scheme, leadSeconds }) => {
    const algorithm = scheme.startsWith('cbc') ? 'AESCBC' : 'AESCTR';
    const entries = [0, 1, 2].map((i) => ({ kid: kidOf(i), key: turned(KEY, i), algorithm, period: i }));
    const keys = parseKeyFile(JSON.stringify({ keys: entries }), 'keys.json');
    for (const stream of ['video', 'audio'] as const) {
      const name = `rotated.${scheme}.${leadSeconds}.${stream}`;
      const encrypted = temporary(`${name}.theirs.mp4`);
      const clear = temporary(`${name}.ours.mp4`);
      shaka(
        `in=${sample('bars.mp4')},stream=${stream},output=${encrypted}`,
        ...['--enable_raw_key_encryption', ...KEYS, '--protection_scheme', scheme],
        ...['--crypto_period_duration', '2', '--segment_duration', '1'],
        ...['--clear_lead', String(leadSeconds)],
      );
      const [track] = (await inspect({ input: encrypted })).tracks;
      expect(track.keys?.length).toBeGreaterThan(1);
      expect(track.keys?.map(({ kid }) => kid)).toEqual(track.keys?.map((_, i) => kidOf(i)));
      if (leadSeconds > 0) expect(track.clearSamples).toBeGreaterThan(0);
      await decrypt({ input: encrypted, output: clear, keys });
      expect(trackHashes(clear, stream)).toEqual(trackHashes(sample('bars.mp4'), stream));
    }
  });
});

describeWith(['shaka-packager'], 'shaka-packager decrypts our clear lead', () => {
  const cases = (['cenc', 'cbcs'] as const).flatMap((scheme) =>
    (['video', 'audio'] as const).map((stream) => ({ scheme, stream })),
  );
  it.each(cases)('$stream, $scheme', async ({ scheme, stream }) => {
    const encrypted = temporary(`lead.${scheme}.${stream}.enc.mp4`);
    const clear = temporary(`lead.${scheme}.${stream}.clear.mp4`);
    // Under one KID it takes the pattern of the first track for all.
    await encryptTo(sample('bars.mp4'), encrypted, { scheme, clearLeadSeconds: 1, tracks: [stream] });
    shaka(`in=${encrypted},stream=${stream},output=${clear}`, '--enable_raw_key_decryption', ...KEYS);
    expect(trackHashes(clear, stream)).toEqual(trackHashes(sample('bars.mp4'), stream));
  });
});

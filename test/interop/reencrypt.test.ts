import { expect, it } from 'vitest';
import { encrypt, givenKeyTexts, inspect } from '../../src/index.js';
import { KEY, KID, testKeys } from '../support/jobs.js';
import { ffmpegHashes, trackHashes } from '../support/sample-hashes.js';
import { itWith, STREAMS, type StreamName, streamPath } from '../support/streams.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, shaka } from '../support/tools.js';

const temporary = temporaryFolder();
const NEW_KID = '22222222-2222-2222-2222-222222222222';
const NEW_KEY = '00112233445566778899aabbccddeeff';
const newKeys = givenKeyTexts(NEW_KID, NEW_KEY);
const keysFlags = (kid: string, key: string) => [
  '--keys',
  `label=:key_id=${kid.replaceAll('-', '')}:key=${key}`,
];

type Change = readonly [name: StreamName, from: string, to: 'cenc' | 'cbcs'];

const CHANGES: readonly Change[] = [
  ['avcSlices', 'cenc', 'cbcs'],
  ['avcSlices', 'cbcs', 'cenc'],
  ['avc', 'cenc', 'cenc'],
  ['hevcSlices', 'cens', 'cbcs'],
  ['aac', 'cenc', 'cbcs'],
  ['aac', 'cbcs', 'cenc'],
  ['av1', 'cenc', 'cbcs'],
  ['vp9', 'cbcs', 'cenc'],
];

describeWith(['shaka-packager', 'ffmpeg'], 'files of shaka-packager, encrypted again', () => {
  for (const [name, from, to] of CHANGES) {
    const stream = STREAMS[name];
    itWith(stream, `${stream.name}: ${from} to ${to}`, async () => {
      const source = streamPath(stream, temporary);
      const [input, output, clear] = ['theirs', 'ours', 'clear'].map((what) =>
        temporary(`${name}.${from}.${to}.${what}.mp4`),
      );
      shaka(
        ...[`in=${source},stream=${stream.kind},output=${input}`, '--enable_raw_key_encryption'],
        ...[...keysFlags(KID, KEY), '--clear_lead', '0', '--protection_scheme', from],
      );
      await encrypt({ input, output, keys: newKeys, decryptKeys: testKeys, scheme: to });
      shaka(
        ...[`in=${output},stream=${stream.kind},output=${clear}`, '--enable_raw_key_decryption'],
        ...keysFlags(NEW_KID, NEW_KEY),
      );
      expect(trackHashes(clear, stream.kind)).toEqual(trackHashes(source, stream.kind));
      expect(ffmpegHashes(output, NEW_KEY)).toEqual(ffmpegHashes(clear));
    });
  }

  it('with a clear lead', async () => {
    const source = streamPath(STREAMS.avc, temporary);
    const [input, output] = ['theirs', 'ours'].map((what) => temporary(`lead.${what}.mp4`));
    shaka(
      ...[`in=${source},stream=video,output=${input}`, '--enable_raw_key_encryption', ...keysFlags(KID, KEY)],
      ...['--clear_lead', '1', '--segment_duration', '1'],
    );
    expect((await inspect(input)).tracks[0].clearSamples).toBeGreaterThan(0);
    await encrypt({ input, output, keys: newKeys, decryptKeys: testKeys, scheme: 'cbcs' });
    expect((await inspect(output)).tracks[0].clearSamples).toBe(0);
    expect(trackHashes(output, 'video', NEW_KEY)).toEqual(trackHashes(source, 'video'));
  });
});

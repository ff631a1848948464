import { describe, expect, it } from 'vitest';
import { decrypt, type EncryptOptions } from '../../src/index.js';
import { encryptTo, KEY, KID, testKeys } from '../support/jobs.js';
import { ffmpegHashes, trackHashes } from '../support/sample-hashes.js';
import { itWith, STREAMS, type Stream, type StreamName, streamPath } from '../support/streams.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, shaka } from '../support/tools.js';

const temporary = temporaryFolder();
const KEYS = ['--keys', `label=:key_id=${KID.replaceAll('-', '')}:key=${KEY}`];

type Choice = Pick<EncryptOptions, 'scheme' | 'pattern' | 'ivSize'>;

/** A stream under a scheme, with what is chosen of it. */
interface Case {
  readonly stream: Stream;
  readonly choice: Choice;
  readonly title: string;
}

function caseOf(name: StreamName, choice: Choice): Case {
  const stream = STREAMS[name];
  const { scheme, pattern, ivSize } = choice;
  const more = [pattern, ivSize && `IVs of ${ivSize}`].filter(Boolean).join(', ');
  return { stream, choice, title: `${stream.name}, ${scheme}${more === '' ? '' : ` (${more})`}` };
}

const RANGE_STREAMS: readonly StreamName[] = ['av1', 'av1Hierarchy', 'vp9'];
const OTHER_STREAMS = (Object.keys(STREAMS) as StreamName[]).filter((name) => !RANGE_STREAMS.includes(name));
const PATTERNS = ['1:9', '5:5', '10:0'] as const;

/** In every run: each codec under cbcs, each other scheme over NAL units and over whole samples. */
const SHORT: readonly Case[] = [
  ...(['avc', 'hevcSlices', 'aac', 'opus', 'ac3', 'av1', 'av1Hierarchy', 'vp9'] as const).map((name) =>
    caseOf(name, { scheme: 'cbcs' }),
  ),
  ...(['av1', 'vp9'] as const).map((name) => caseOf(name, { scheme: 'cenc' })),
  caseOf('avcSlices', { scheme: 'cens' }),
  caseOf('aac', { scheme: 'cens' }),
  caseOf('avcSlices', { scheme: 'cbc1' }),
  caseOf('aac', { scheme: 'cbc1' }),
  caseOf('avcSlices', { scheme: 'cbcs', pattern: '5:5' }),
];

/** The cross product. */
const LONG: readonly Case[] = [
  ...OTHER_STREAMS.flatMap((name) => [
    ...PATTERNS.map((pattern) => caseOf(name, { scheme: 'cbcs', pattern })),
    ...PATTERNS.map((pattern) => caseOf(name, { scheme: 'cens', pattern })),
    caseOf(name, { scheme: 'cens', ivSize: 16 }),
    caseOf(name, { scheme: 'cbc1' }),
  ]),
  ...RANGE_STREAMS.flatMap((name) => [
    ...PATTERNS.map((pattern) => caseOf(name, { scheme: 'cbcs', pattern })),
    caseOf(name, { scheme: 'cenc' }),
    caseOf(name, { scheme: 'cenc', ivSize: 16 }),
  ]),
];

const CASES = SWEEPS ? LONG : SHORT;
let outputs = 0;
const fresh = (what: string) => temporary(`${outputs++}.${what}.mp4`);

describe('the cross product of schemes, patterns and codecs', () => {
  it.skipIf(!SWEEPS)(`is tried ${BY_SWEEPS}`, () => undefined);
});

describeWith(['shaka-packager'], 'shaka-packager decrypts our fragments', () => {
  for (const { stream, choice, title } of CASES) {
    itWith(stream, title, async () => {
      const input = streamPath(stream, temporary);
      const encrypted = fresh('enc');
      const clear = fresh('clear');
      // Under one KID it takes the pattern of the first track that it meets for all: of the video for the audio.
      await encryptTo(input, encrypted, { ...choice, tracks: [stream.kind] });
      const job = `in=${encrypted},stream=${stream.kind},output=${clear}`;
      shaka(job, '--enable_raw_key_decryption', ...KEYS);
      expect(trackHashes(encrypted, stream.kind)).not.toEqual(trackHashes(input, stream.kind));
      expect(trackHashes(clear, stream.kind)).toEqual(trackHashes(input, stream.kind));
    });
  }
});

/**
 * ffmpeg 5 leaves the blocks of a last pattern that is not whole (one of 1:9 is, by its first block), and decrypts the
 * clear bytes behind the last block of whole samples under cens.
 */
const isRightInFfmpeg = ({ stream, choice: { scheme, pattern = '1:9' } }: Case) =>
  pattern === '1:9' && !(scheme === 'cens' && stream.kind === 'audio');

describeWith(['ffmpeg'], 'ffmpeg decrypts our fragments', () => {
  for (const { stream, choice, title } of CASES.filter(isRightInFfmpeg)) {
    itWith(stream, title, async () => {
      const input = streamPath(stream, temporary);
      const encrypted = fresh('enc');
      await encryptTo(input, encrypted, { ...choice, tracks: [stream.kind] });
      expect(ffmpegHashes(encrypted, KEY)).toEqual(ffmpegHashes(input));
    });
  }
});

describeWith(['shaka-packager'], 'we decrypt the fragments of shaka-packager', () => {
  for (const { stream, choice, title } of CASES) {
    itWith(stream, title, async () => {
      const input = streamPath(stream, temporary);
      const encrypted = fresh('theirs');
      const clear = fresh('ours');
      const job = `in=${input},stream=${stream.kind},output=${encrypted}`;
      shaka(job, '--enable_raw_key_encryption', ...KEYS, '--clear_lead', '0', ...shakaFlags(choice));
      await decrypt({ input: encrypted, output: clear, keys: testKeys });
      expect(trackHashes(encrypted, stream.kind)).not.toEqual(trackHashes(input, stream.kind));
      expect(trackHashes(clear, stream.kind)).toEqual(trackHashes(input, stream.kind));
    });
  }
});

function shakaFlags({ scheme, pattern, ivSize }: Choice): string[] {
  const flags = ['--protection_scheme', scheme!];
  if (pattern !== undefined) {
    const [crypt, skip] = pattern.split(':');
    flags.push('--crypt_byte_block', crypt, '--skip_byte_block', skip);
  }
  if (ivSize === 16) flags.push('--iv', '000102030405060708090a0b0c0d0e0f');
  return flags;
}

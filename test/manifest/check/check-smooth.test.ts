import { describe, expect, it } from 'vitest';
import { checkSmooth } from '../../../src/manifest/check/check-smooth.js';
import { writeClientManifest } from '../../../src/manifest/smooth/client-manifest.js';
import type { SmoothPresentation } from '../../../src/manifest/smooth/presentation.js';
import { SMOOTH } from '../smooth/example.js';

const check = (text: string, presentation: SmoothPresentation = SMOOTH) =>
  checkSmooth(text, { path: 'manifest.ismc', presentation });

/** Of the second stream, as a presentation has it that is wrong in itself. */
function withVoice(change: Partial<SmoothPresentation['streams'][number]>): SmoothPresentation {
  const [video, voice] = SMOOTH.streams;
  return { ...SMOOTH, streams: [video, { ...voice, ...change }] };
}

describe('checkSmooth', () => {
  it('takes what was written', () => {
    check(writeClientManifest(SMOOTH));
  });

  it('misses a fragment that is no file', () => {
    const uris = (name: string, rate: number, times: readonly number[]) =>
      times.map((time) => `QualityLevels(${rate})/Fragments(${name}=${time})`);
    const all = [
      ...uris('video', 700_000, [0, 20_000_000]),
      ...uris('video', 200_000, [0, 20_000_000]),
      ...uris('audio_de', 75_000, [586_667, 20_640_000]),
    ];
    const withFiles = (fragmentUris: Set<string>) =>
      checkSmooth(writeClientManifest(SMOOTH), { path: 'Manifest', presentation: SMOOTH, fragmentUris });
    withFiles(new Set(all));
    for (const one of all) {
      expect(() => withFiles(new Set(all.filter((uri) => uri !== one)))).toThrow(`refers to ${one}, which`);
    }
  });

  it.each<[string, string | RegExp, string, RegExp]>([
    ['another root', 'SmoothStreamingMedia M', 'Other M', /not well-formed/],
    ['another version', 'MajorVersion="2"', 'MajorVersion="1"', /no client manifest of version 2/],
    ['another timescale', 'TimeScale="10000000"', 'TimeScale="1000"', /number of ticks/],
    ['another duration', 'Duration="40000000"', 'Duration="40000001"', /another duration/],
    ['another key', '>AQID<', '>AQIE<', /another key/],
    ['no key', /<ProtectionHeader.*/, '', /another key/],
    ['a missing fragment', /<c d="20000000"\/>/, '', /another number of Chunks/],
    ['a missing level', /<QualityLevel Index="1".*/, '', /another number of QualityLevels/],
    ['another start', 't="586667"', 't="586668"', /content of stream audio_de/],
    ['another rate', 'Bitrate="700000"', 'Bitrate="700001"', /content of stream video/],
    ['another header', '0000000167', '0000000168', /content of stream video/],
    ['a header that is no header', 'CodecPrivateData="1190"', 'CodecPrivateData="xyz"', /not hexadecimal/],
    ['a URL without the time', '(video={start time})', '(video=0)', /URL of stream video/],
    ['no URL', / Url="[^"]*"/, '', /no Url/],
  ])('refuses %s', (_, from, to, problem) => {
    const text = writeClientManifest(SMOOTH);
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    expect(() => check(changed)).toThrow(
      expect.objectContaining({ code: 'OUTPUT_CHECK_FAILED', message: expect.stringMatching(problem) }),
    );
  });

  it.each<[string, SmoothPresentation, RegExp]>([
    [
      'a fragment behind the end',
      withVoice({ chunks: [{ startTicks: 0, durationTicks: 40_000_001 }] }),
      /no place of its own/,
    ],
    ['two streams of one name', withVoice({ name: 'video' }), /one name twice/],
    [
      'two levels of one rate',
      withVoice({ levels: [{ ...SMOOTH.streams[1].levels[0], bitsPerSecond: 700_000 }] }),
      /one bit rate twice/,
    ],
  ])('refuses %s, even where it was given so', (_, presentation, problem) => {
    expect(() => check(writeClientManifest(presentation), presentation)).toThrow(
      expect.objectContaining({ code: 'OUTPUT_CHECK_FAILED', message: expect.stringMatching(problem) }),
    );
  });
});

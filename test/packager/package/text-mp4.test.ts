import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseWebVtt } from '../../../src/manifest/webvtt.js';
import { textInMp4 } from '../../../src/packager/package/text-mp4.js';
import { readMovie } from '../../support/mp4-reader.js';
import { temporaryFolder } from '../../support/temporary.js';
import { readCues } from '../../support/text-tracks.js';

const temporary = temporaryFolder();

/** Duration of each sample, and its bytes, by the reader of tests. */
function samplesOf(parts: ReturnType<typeof textInMp4>) {
  const path = temporary('text.mp4');
  writeFileSync(path, Buffer.concat([parts.init, parts.index, ...parts.segments]));
  const movie = readMovie(path);
  const [track] = movie.tracks;
  expect(movie.fragments).toBe(parts.segments.length);
  return {
    track,
    samples: track.samples.map(({ offset, size, duration, dts }) => ({
      from: dts,
      to: dts + duration,
      bytes: Buffer.from(movie.at(offset, size)),
    })),
  };
}

const webVtt = (text: string) => {
  const parsed = parseWebVtt(text);
  const whole = { extension: '.vtt' as const, text };
  return { input: 'a.vtt', id: 'a', language: 'de', whole, webVtt: parsed };
};

/** When which texts show. */
function shown(text: string, boundaries: readonly number[]) {
  return samplesOf(textInMp4(webVtt(text), boundaries)).samples.map(({ from, to, bytes }) => [
    from,
    to,
    ...readCues(bytes).map(({ payl }) => payl),
  ]);
}

describe('WebVTT in MP4', () => {
  it('has a sample for every time, and both cues where two show', () => {
    const text = 'WEBVTT\n\n00:01.000 --> 00:03.000\nA\n\n00:02.000 --> 00:02.500\nB\n';
    expect(shown(text, [0, 4])).toEqual([
      [0, 1000, undefined],
      [1000, 2000, 'A'],
      [2000, 2500, 'A', 'B'],
      [2500, 3000, 'A'],
      [3000, 4000, undefined],
    ]);
  });

  it('cuts cues where segments begin, and has a sample in segments without', () => {
    const text = 'WEBVTT\n\n00:01.000 --> 00:03.000\nA\n';
    expect(shown(text, [0, 2, 4, 6])).toEqual([
      [0, 1000, undefined],
      [1000, 2000, 'A'],
      [2000, 3000, 'A'],
      [3000, 4000, undefined],
      [4000, 6000, undefined],
    ]);
  });

  it('begins with the title, and ends with the media', () => {
    expect(shown('WEBVTT\n\n00:00.000 --> 00:09.000\nA\n', [0.04, 2])).toEqual([[0, 2000, 'A']]);
  });

  it('has cues that show no time at all nowhere', () => {
    expect(shown('WEBVTT\n\n00:01.000 --> 00:01.000\nA\n', [0, 2])).toEqual([[0, 2000, undefined]]);
  });

  it('numbers the parts of a cue, and keeps its name, settings and inner times', () => {
    const text = 'WEBVTT\n\nx\n00:01.000 --> 00:03.000 line:0\n<00:02.500>A\n\n00:01.000 --> 00:02.000\nB\n';
    const { samples } = samplesOf(textInMp4(webVtt(text), [0, 2, 4]));
    const whole = { payl: 'B' };
    const part = { vsid: '0', iden: 'x', sttg: 'line:0', payl: '<00:02.500>A' };
    expect(samples.map(({ bytes }) => readCues(bytes))).toEqual([
      [{}],
      [{ ...part, ctim: '00:00:01.000' }, whole],
      [{ ...part, ctim: '00:00:02.000' }],
      [{}],
    ]);
  });

  it('has styles in its sample entry, and its language', () => {
    const { track } = samplesOf(
      textInMp4(webVtt('WEBVTT\n\nSTYLE\n::cue {}\n\n00:00.000 --> 00:01.000\nA\n'), [0, 1]),
    );
    expect(track).toMatchObject({ handler: 'text', timescale: 1000 });
    expect(track.entries[0].bytes.toString('latin1')).toMatch(/wvtt.*vttCWEBVTT\n\nSTYLE\n::cue \{\}$/s);
  });

  it('says when segments show, and how large they are', () => {
    const { segments, times, codecs } = textInMp4(webVtt('WEBVTT\n'), [0, 2.002, 4.004]);
    expect(codecs).toBe('wvtt');
    expect(times).toEqual([
      { startTicks: 0, durationTicks: 2002, sizeBytes: segments[0].length },
      { startTicks: 2002, durationTicks: 2002, sizeBytes: segments[1].length },
    ]);
  });
});

describe('TTML in MP4', () => {
  it('has a document a segment', () => {
    const text =
      '<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="1s" end="2s">A</p></div></body></tt>';
    const whole = { extension: '.ttml' as const, text };
    const parts = textInMp4({ input: 'a.ttml', id: 'a', whole }, [0, 4, 8]);
    expect(parts.codecs).toBe('stpp.ttml.im1t');
    const { track, samples } = samplesOf(parts);
    expect(track.handler).toBe('subt');
    expect(track.entries[0].fourcc).toBe('stpp');
    expect(samples.map(({ from, to, bytes }) => [from, to, bytes.toString()])).toEqual([
      [0, 4000, text],
      [4000, 8000, text.replace(/<p.*<\/p>/, '')],
    ]);
  });
});

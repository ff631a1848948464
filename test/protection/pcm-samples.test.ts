import { describe, expect, it } from 'vitest';
import { decrypt } from '../../src/index.js';
import { assertFewFrames, withGroupedFrames } from '../../src/protection/pcm-samples.js';
import { audioEntry, audioTrackOf, type BuiltTrack } from '../support/builder/movie.js';
import { writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptTo, testKeys, tracesOf } from '../support/jobs.js';
import { movieOf } from '../support/movies.js';
import { readMovie } from '../support/mp4-reader.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();

/** 16-bit stereo, 4 bytes a frame, a frame a sample of one tick, as QuickTime has it. */
function pcmTrack(frames: number, frameBytes = 4, entry = audioEntry('sowt', new Uint8Array())): BuiltTrack {
  const { samples, ...track } = audioTrackOf(new Array<number>(frames).fill(frameBytes));
  return { ...track, entries: [entry], samples: samples.map((one) => ({ ...one, duration: 1 })) };
}

function soundOf(path: string): Buffer {
  const movie = readMovie(path);
  return Buffer.concat(movie.tracks[0].samples.map(({ offset, size }) => movie.at(offset, size)));
}

describe('frames of PCM', () => {
  it('are put together in new fragments, and are the same sound', async () => {
    const input = temporary('pcm.mov');
    const output = temporary('pcm.enc.mov');
    const back = temporary('pcm.back.mov');
    writePieces(input, progressive([pcmTrack(5000)], { chunkSamples: 3000 }));
    const { tracks } = await encryptTo(input, output);
    // two chunks: 3000 = 1024 + 1024 + 952, 2000 = 1024 + 976; they are neighbours, so 5000 = 4 × 1024 + 904
    expect(tracks).toMatchObject([{ samples: 5, protectedBytes: 20_000 }]);
    const samples = readMovie(output).tracks[0].samples;
    expect(samples.map(({ duration }) => duration)).toEqual([1024, 1024, 1024, 1024, 904]);
    expect(samples.map(({ size }) => size)).toEqual([4096, 4096, 4096, 4096, 3616]);
    await decrypt({ input: output, output: back, keys: testKeys });
    expect(soundOf(back).equals(soundOf(input))).toBe(true);
    expect(soundOf(output).equals(soundOf(input))).toBe(false);
  });

  it('stay apart where they are no neighbours, and where the sample entry changes', () => {
    const entries = [audioEntry('sowt', new Uint8Array()), audioEntry('sowt', new Uint8Array())];
    const samples = pcmTrack(30).samples.map((one, i) => ({ ...one, entry: i < 12 ? 0 : 1 }));
    const two = { ...pcmTrack(30), entries, samples };
    const { movie } = movieOf(
      progressive([two, { ...audioTrackOf([7, 7, 7, 7]), id: 2 }], { chunkSamples: 10 }),
    );
    const [grouped, other] = withGroupedFrames(movie).tracks;
    // chunks of 10, 2, 10, 8 frames, the samples of the other track in a chunk behind the first
    expect(Array.from(grouped.samples.sizes)).toEqual([40, 8, 72]);
    expect(grouped.samples.entryRuns).toEqual([
      { firstSample: 0, entryIndex: 1 },
      { firstSample: 2, entryIndex: 2 },
    ]);
    expect(other).toBe(movie.tracks[1]);
  });

  it('are refused where the sample table says bytes and means frames', async () => {
    const input = temporary('ones.mov');
    const output = temporary('ones.enc.mov');
    writePieces(input, progressive([pcmTrack(100, 1)]));
    for (const layout of ['keep', 'fragmented'] as const) {
      await expect(encryptTo(input, output, { layout })).rejects.toMatchObject({
        code: 'UNSUPPORTED_FEATURE',
        details: { expected: 'a multiple of 4 bytes', received: 1 },
      });
      expect(tracesOf(output)).toEqual([]);
    }
  });

  it('are refused in an unchanged layout where they are millions', () => {
    const { movie } = movieOf(progressive([pcmTrack(10)]));
    const [track] = movie.tracks;
    const long = { ...track, samples: { ...track.samples, count: 2 ** 21 + 1 } };
    expect(() => assertFewFrames([track], movie.moov)).not.toThrow();
    expect(() => assertFewFrames([long], movie.moov)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FEATURE',
        message: expect.stringContaining('would get an IV'),
      }),
    );
  });
});

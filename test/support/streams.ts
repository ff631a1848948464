import { existsSync } from 'node:fs';
import { it } from 'vitest';
import { sample, testMedia } from './samples.js';
import { ffmpeg, hasTool } from './tools.js';

/** A file with one codec of interest: a committed one, or one that ffmpeg makes where it has the encoder. */
export interface Stream {
  readonly name: string;
  readonly kind: 'audio' | 'video';
  /** Path of a committed file, or the arguments of ffmpeg between source and output. */
  readonly from: string | { readonly source: string; readonly args: string };
}

const NOISE = 'testsrc2=s=192x128:r=25,noise=alls=30:allf=t';

export const STREAMS = {
  avc: { name: 'AVC', kind: 'video', from: sample('bars.mp4') },
  avcSlices: { name: 'AVC with several slices', kind: 'video', from: testMedia('multislice.mp4') },
  avcCavlc: { name: 'AVC, CAVLC', kind: 'video', from: testMedia('cavlc.mp4') },
  avcInterlaced: { name: 'AVC interlaced', kind: 'video', from: testMedia('interlaced.mp4') },
  avcInBand: { name: 'AVC with sets in band', kind: 'video', from: testMedia('avc3.mp4') },
  hevc: { name: 'HEVC', kind: 'video', from: sample('bars-hevc.mp4') },
  hevcSlices: { name: 'HEVC with several slices', kind: 'video', from: testMedia('hevc-multislice.mp4') },
  aac: { name: 'AAC', kind: 'audio', from: sample('bars.mp4') },
  opus: { name: 'Opus', kind: 'audio', from: testMedia('opus.mp4') },
  ac3: { name: 'AC-3', kind: 'audio', from: testMedia('ac3.mp4') },
  eac3: { name: 'E-AC-3', kind: 'audio', from: testMedia('eac3.mp4') },
  flac: { name: 'FLAC', kind: 'audio', from: testMedia('flac.mp4') },
  av1: {
    name: 'AV1 of 2x2 tiles',
    kind: 'video',
    from: {
      source: NOISE,
      args: '-frames:v 10 -c:v libaom-av1 -cpu-used 8 -lag-in-frames 5 -g 5 -tiles 2x2 -aom-params sb-size=64',
    },
  },
  av1Hierarchy: {
    name: 'AV1 of several frames a sample',
    kind: 'video',
    from: { source: NOISE, args: '-frames:v 20 -c:v libsvtav1 -preset 12 -g 10' },
  },
  vp9: {
    name: 'VP9 with superframes',
    kind: 'video',
    from: {
      source: NOISE,
      args: '-frames:v 16 -c:v libvpx-vp9 -cpu-used 8 -deadline good -b:v 100k -lag-in-frames 8 -auto-alt-ref 6',
    },
  },
} as const satisfies Record<string, Stream>;

export type StreamName = keyof typeof STREAMS;

let encoders: string | undefined;

/** Why a stream cannot be had on this machine; undefined when it can. */
export function missingEncoder({ from }: Stream): string | undefined {
  if (typeof from === 'string') return undefined;
  const encoder = /-c:[av] (\S+)/.exec(from.args)![1];
  if (!hasTool('ffmpeg')) return 'ffmpeg is missing';
  encoders ??= ffmpeg('-encoders');
  return encoders.includes(` ${encoder} `) ? undefined : `ffmpeg has no ${encoder}`;
}

/** `it`, but skipped with the reason in its title where no encoder makes the stream. */
export function itWith(stream: Stream, title: string, body: () => Promise<void>): void {
  const missing = missingEncoder(stream);
  if (missing === undefined) it(title, body);
  else it.skip(`${title} (skipped: ${missing})`, body);
}

/** Path of a stream, made at the first call for a folder. */
export function streamPath(stream: Stream, inFolder: (name: string) => string): string {
  if (typeof stream.from === 'string') return stream.from;
  const path = inFolder(`${stream.name}.source.mp4`);
  const { source, args } = stream.from;
  if (!existsSync(path)) ffmpeg('-f', 'lavfi', '-i', source, ...args.split(' '), path);
  return path;
}

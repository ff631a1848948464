import type { SmoothPresentation } from '../../../src/manifest/smooth/presentation.js';

/** Two pictures and a voice, in two fragments each. */
export const SMOOTH: SmoothPresentation = {
  durationTicks: 40_000_000,
  playreadyObject: Uint8Array.of(1, 2, 3),
  streams: [
    {
      type: 'video',
      name: 'video',
      chunks: [
        { startTicks: 0, durationTicks: 20_000_000 },
        { startTicks: 20_000_000, durationTicks: 20_000_000 },
      ],
      levels: [
        {
          kind: 'video',
          fourCC: 'H264',
          bitsPerSecond: 700_000,
          codecPrivateData: Uint8Array.of(0, 0, 0, 1, 0x67),
          widthPixels: 540,
          heightPixels: 360,
          displayWidthPixels: 640,
          file: { uri: 'video-360p.ismv', trackId: 1 },
        },
        {
          kind: 'video',
          fourCC: 'H264',
          bitsPerSecond: 200_000,
          codecPrivateData: Uint8Array.of(0, 0, 0, 1, 0x67),
          widthPixels: 320,
          heightPixels: 180,
          displayWidthPixels: 320,
          file: { uri: 'video-180p.ismv', trackId: 1 },
        },
      ],
    },
    {
      type: 'audio',
      name: 'audio_de',
      language: 'de',
      chunks: [
        { startTicks: 586_667, durationTicks: 20_053_333 },
        { startTicks: 20_640_000, durationTicks: 19_000_000 },
      ],
      levels: [
        {
          kind: 'audio',
          fourCC: 'AACL',
          bitsPerSecond: 75_000,
          codecPrivateData: Uint8Array.of(0x11, 0x90),
          samplingRateHz: 48000,
          channels: 2,
          file: { uri: 'audio-de.isma', trackId: 2 },
        },
      ],
    },
  ],
};

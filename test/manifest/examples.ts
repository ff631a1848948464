import type { FileAddressing, SegmentsAddressing } from '../../src/manifest/addressing.js';
import type {
  AudioSet,
  Presentation,
  Protection,
  TextSet,
  ThumbnailSet,
  VideoRepresentation,
  VideoSet,
} from '../../src/manifest/presentation.js';

export const VIDEO_KID = '10000000-1000-1000-1000-100000000001';
export const AUDIO_KID = '20000000-2000-2000-2000-200000000002';

const PLAYREADY_ID = '9a04f079-9840-4286-ab92-e65be0885f95';
const WIDEVINE_ID = 'edef8ba9-79d6-4ace-a3c8-27dcd51d21ed';

/** Four segments of two seconds at 12800 Hz, as bytes behind a header of 100 and an index of 80. */
export function fileOf(
  uri: string,
  sizesBytes: readonly number[] = [1000, 3000, 2000, 2000],
): FileAddressing {
  let offsetBytes = 180;
  const segments = sizesBytes.map((sizeBytes, index) => {
    const segment = { startTicks: 25600 * index, durationTicks: 25600, sizeBytes, offsetBytes };
    offsetBytes += sizeBytes;
    return segment;
  });
  return {
    kind: 'file',
    uri,
    initRange: { startBytes: 0, endBytes: 100 },
    indexRange: { startBytes: 100, endBytes: 180 },
    timescaleHz: 12800,
    segments,
  };
}

/** The same as files of one segment each. */
export function segmentsIn(folder: string, sizesBytes?: readonly number[]): SegmentsAddressing {
  const { timescaleHz, segments } = fileOf(folder, sizesBytes);
  return {
    kind: 'segments',
    initUri: `${folder}/init.mp4`,
    mediaUri: `${folder}/$Number$.m4s`,
    startNumber: 1,
    timescaleHz,
    segments: segments.map(({ startTicks, durationTicks, sizeBytes }) => ({
      startTicks,
      durationTicks,
      sizeBytes,
    })),
  };
}

/** Data that only look like those of a system. */
export function protectionOf(kid: string, scheme: Protection['scheme'] = 'cenc'): Protection {
  const mark = Number.parseInt(kid.slice(0, 2), 16);
  return {
    scheme,
    kid,
    systems: [
      {
        name: 'playready',
        systemId: PLAYREADY_ID,
        psshBox: Uint8Array.of(1, mark),
        playreadyObject: Uint8Array.of(2, mark),
        licenseUrl: 'https://drm.example.com/rm?a=1&b=2',
      },
      { name: 'widevine', systemId: WIDEVINE_ID, psshBox: Uint8Array.of(3, mark) },
    ],
  };
}

export function video(id: string, heightPixels: number): VideoRepresentation {
  return {
    id,
    mimeType: 'video/mp4',
    codecs: 'avc1.64001f',
    widthPixels: (heightPixels * 16) / 9,
    heightPixels,
    frameRate: { numerator: 12800, denominator: 512 },
    addressing: fileOf(`${id}.mp4`),
  };
}

export const VIDEO: VideoSet = {
  kind: 'video',
  id: 1,
  protection: protectionOf(VIDEO_KID),
  representations: [video('v720', 720), video('v360', 360)],
};

export function audio(id: number, language: string, label: string): AudioSet {
  const name = `a-${language}`;
  return {
    kind: 'audio',
    id,
    language,
    label,
    protection: protectionOf(AUDIO_KID),
    representations: [
      {
        id: name,
        mimeType: 'audio/mp4',
        codecs: 'mp4a.40.2',
        samplingRateHz: 48000,
        channels: { count: 2 },
        addressing: fileOf(`${name}.mp4`, [300, 300, 300, 300]),
      },
    ],
  };
}

export const TEXT: TextSet = {
  kind: 'text',
  id: 8,
  language: 'en',
  label: 'English',
  representations: [
    {
      id: 't-en',
      mimeType: 'text/vtt',
      addressing: { kind: 'whole', uri: 't-en.vtt', sizeBytes: 800 },
      webVttSegments: {
        kind: 'segments',
        mediaUri: 't-en/$Number$.vtt',
        startNumber: 1,
        timescaleHz: 1,
        segments: [0, 2, 4, 6].map((startTicks) => ({ startTicks, durationTicks: 2, sizeBytes: 100 })),
      },
    },
  ],
};

export const THUMBNAILS: ThumbnailSet = {
  kind: 'thumbnails',
  id: 9,
  representations: [
    {
      id: 'tiles',
      mimeType: 'image/jpeg',
      widthPixels: 1600,
      heightPixels: 900,
      columns: 10,
      rows: 10,
      sheetTicks: 8,
      addressing: {
        kind: 'segments',
        mediaUri: 'tiles/$Number$.jpg',
        startNumber: 1,
        timescaleHz: 1,
        segments: [{ startTicks: 0, durationTicks: 8, sizeBytes: 5000 }],
      },
    },
  ],
};

/** Two renditions of video, two languages, subtitles. */
export const ON_DEMAND: Presentation = {
  durationSeconds: 8,
  switchingSets: [VIDEO, audio(2, 'en', 'English'), audio(3, 'de', 'Deutsch'), TEXT],
};

/** The same in segments, without subtitles. */
export const SEGMENTED: Presentation = {
  durationSeconds: 8,
  switchingSets: [
    {
      ...VIDEO,
      representations: VIDEO.representations.map((one) => ({ ...one, addressing: segmentsIn(one.id) })),
    },
    {
      ...audio(2, 'en', 'English'),
      representations: audio(2, 'en', 'English').representations.map((one) => ({
        ...one,
        addressing: segmentsIn(one.id, [300, 300, 300, 300]),
      })),
    },
  ],
};

/** Everything that an MPD can carry. */
export const RICH: Presentation = {
  durationSeconds: 8,
  eventStreams: [
    {
      schemeIdUri: 'urn:scte:scte35:2014:xml+bin',
      value: '1',
      timescaleHz: 1000,
      events: [{ id: 7, startTicks: 4000, durationTicks: 2000, message: 'AAAA', isBase64: true }],
    },
  ],
  switchingSets: [
    {
      ...VIDEO,
      colour: { primaries: 9, transfer: 18, matrix: 9 },
      inbandEventStreams: [{ schemeIdUri: 'urn:mpeg:dash:event:2012', value: '1' }],
      representations: [
        {
          ...video('v720', 720),
          codecs: 'hvc1.2.4.L93.B0',
          supplementalCodecs: { codecs: 'dvh1.08.07', profile: 'db4h' },
        },
      ],
    },
    {
      ...VIDEO,
      id: 4,
      colour: { primaries: 9, transfer: 16, matrix: 9 },
      trickPlay: { ofSetId: 1, maxPlayoutRate: 16 },
      representations: [video('trick', 360)],
    },
    { ...audio(2, 'eng', 'A & B'), accessibility: ['description'] },
    TEXT,
    THUMBNAILS,
  ],
};

/** Sizes of the files of both. */
export const FILE_SIZES: ReadonlyMap<string, number> = new Map([
  ...['v720', 'v360'].flatMap((id): [string, number][] => [
    [`${id}.mp4`, 180 + 8000],
    [`${id}/init.mp4`, 100],
    ...[1000, 3000, 2000, 2000].map((size, index): [string, number] => [`${id}/${index + 1}.m4s`, size]),
  ]),
  ...['a-en', 'a-de'].flatMap((id): [string, number][] => [
    [`${id}.mp4`, 180 + 1200],
    [`${id}/init.mp4`, 100],
    ...[1, 2, 3, 4].map((number): [string, number] => [`${id}/${number}.m4s`, 300]),
  ]),
  ['t-en.vtt', 800],
  ['tiles/1.jpg', 5000],
  ...[1, 2, 3, 4].map((number): [string, number] => [`t-en/${number}.vtt`, 100]),
]);

/** The lines of a tag, without its name. */
export function linesWith(text: string, tagName: string): string[] {
  const start = `#${tagName}:`;
  return text
    .split('\n')
    .filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length));
}

import { toBase64, toHex } from '../../bytes/hex.js';
import { element, type XmlTree, xmlDocument } from '../dash/xml.js';
import type { SmoothLevel, SmoothPresentation, SmoothStream } from './presentation.js';

/** SystemID of PlayReady, the one protection system that clients of Smooth Streaming have. */
const PLAYREADY = '9a04f079-9840-4286-ab92-e65be0885f95';

const TICKS_PER_SECOND = 10_000_000;

/** `audioTag` of AAC, as WAVEFORMATEX numbers formats (MS-SSTR 2.2.2.5). */
const AAC_TAG = 255;
const BITS_PER_SAMPLE = 16;

/**
 * The client manifest of Smooth Streaming (MS-SSTR 2.2.2).
 * @throws PrpackError INVALID_ARGUMENT for text with characters that XML does not have
 * @example
 * writeClientManifest(presentation); // '<?xml version="1.0" encoding="UTF-8"?>\n<SmoothStreamingMedia MajorVersion="2" …'
 */
export function writeClientManifest({ durationTicks, playreadyObject, streams }: SmoothPresentation): string {
  return xmlDocument(
    element(
      'SmoothStreamingMedia',
      { MajorVersion: 2, MinorVersion: 0, TimeScale: TICKS_PER_SECOND, Duration: durationTicks },
      element(
        'Protection',
        {},
        element('ProtectionHeader', { SystemID: PLAYREADY }, toBase64(playreadyObject)),
      ),
      ...streams.map(streamIndex),
    ),
  );
}

function streamIndex({ type, name, language, chunks, levels }: SmoothStream): XmlTree {
  return element(
    'StreamIndex',
    {
      Type: type,
      Name: name,
      Language: language,
      Chunks: chunks.length,
      QualityLevels: levels.length,
      ...sizeOf(levels),
      Url: `QualityLevels({bitrate})/Fragments(${name}={start time})`,
    },
    ...levels.map(qualityLevel),
    ...chunks.map(({ startTicks, durationTicks }, i) =>
      element('c', { t: i === 0 ? startTicks : undefined, d: durationTicks }),
    ),
  );
}

/** The largest picture, and how it is shown. */
function sizeOf(levels: readonly SmoothLevel[]) {
  const [first] = levels
    .flatMap((level) => (level.kind === 'video' ? level : []))
    .sort((a, b) => b.heightPixels - a.heightPixels);
  return (
    first && {
      MaxWidth: first.widthPixels,
      MaxHeight: first.heightPixels,
      DisplayWidth: first.displayWidthPixels,
      DisplayHeight: first.heightPixels,
    }
  );
}

function qualityLevel(level: SmoothLevel, index: number): XmlTree {
  const CodecPrivateData = toHex(level.codecPrivateData).toUpperCase();
  const common = { Index: index, Bitrate: level.bitsPerSecond, FourCC: level.fourCC, CodecPrivateData };
  if (level.kind === 'video') {
    const { widthPixels: MaxWidth, heightPixels: MaxHeight } = level;
    return element('QualityLevel', { ...common, MaxWidth, MaxHeight });
  }
  const { samplingRateHz: SamplingRate, channels: Channels } = level;
  return element('QualityLevel', {
    ...common,
    SamplingRate,
    Channels,
    BitsPerSample: BITS_PER_SAMPLE,
    PacketSize: (Channels * BITS_PER_SAMPLE) / 8,
    AudioTag: AAC_TAG,
  });
}

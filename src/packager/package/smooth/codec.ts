import { readAvcC } from '../../../isobmff/boxes/avcc.js';
import { readDecoderSpecificInfo } from '../../../isobmff/boxes/esds.js';
import { readerOf } from '../../../isobmff/sample-entry.js';
import { findChild } from '../../../isobmff/walk.js';
import type { SmoothAudioLevel, SmoothVideoLevel } from '../../../manifest/smooth/presentation.js';
import type { TitleTrack } from '../representations.js';

/** What a client of Smooth Streaming is told of a codec, in place of the header of a file. */
export type SmoothCodec =
  | Pick<SmoothVideoLevel, 'kind' | 'fourCC' | 'codecPrivateData'>
  | Pick<SmoothAudioLevel, 'kind' | 'fourCC' | 'codecPrivateData'>;

/** A start code goes before each parameter set (ISO/IEC 14496-10 Annex B). */
const START_CODE = Uint8Array.of(0, 0, 0, 1);

/** Audio object types of ISO/IEC 14496-3 1.5.1.1 that have a FourCC: AAC-LC, HE-AAC, HE-AAC version 2. */
const AAC_FOURCC: Readonly<Record<string, SmoothAudioLevel['fourCC']>> = {
  'mp4a.40.2': 'AACL',
  'mp4a.40.5': 'AACH',
  'mp4a.40.29': 'AACH',
};

/** Codecs by the format of their sample entry. */
const READERS: Readonly<Record<string, (track: TitleTrack) => SmoothCodec | string>> = {
  avc1: avcCodec,
  avc3: () => 'its parameter sets are in its samples (avc3), and clients take them from the manifest alone',
  mp4a: aacCodec,
};

/**
 * What clients are told of a track's codec (MS-SSTR 2.2.2.5).
 * @returns the reason where Smooth Streaming cannot have the track
 * @throws PrpackError MALFORMED_INPUT
 */
export function smoothCodecOf(track: TitleTrack): SmoothCodec | string {
  const { entries } = track.movie.tracks[0];
  const { codec } = track.described.codecs[0];
  if (entries.length > 1) return 'it changes its codec configuration';
  return READERS[entries[0].format]?.(track) ?? noFourCC(codec);
}

function avcCodec({ movie, described }: TitleTrack): SmoothCodec | string {
  const [{ node }] = movie.tracks[0].entries;
  const avcC = findChild(node, 'avcC');
  if (!avcC) return noFourCC(described.codecs[0].codec);
  const { nalLengthBytes, sequenceParameterSets, pictureParameterSets } = readAvcC(
    readerOf(avcC, movie.moov),
  );
  if (nalLengthBytes !== 4) return `the lengths of its NAL units have ${nalLengthBytes} bytes instead of 4`;
  const sets = [...sequenceParameterSets, ...pictureParameterSets].flatMap((set) => [START_CODE, set]);
  return { kind: 'video', fourCC: 'H264', codecPrivateData: Buffer.concat(sets) };
}

function aacCodec({ movie, described }: TitleTrack): SmoothCodec | string {
  const { codec } = described.codecs[0];
  const fourCC = AAC_FOURCC[codec];
  const esds = findChild(movie.tracks[0].entries[0].node, 'esds');
  if (!fourCC || !esds) return noFourCC(codec);
  return { kind: 'audio', fourCC, codecPrivateData: readDecoderSpecificInfo(readerOf(esds, movie.moov)) };
}

function noFourCC(codec: string): string {
  return `its codec is ${codec}, and clients take AVC and AAC`;
}

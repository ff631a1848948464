import type { PlannedFile } from '../../bytes/sinks/staged-folder.js';
import type { SegmentList, Timed } from '../../manifest/addressing.js';
import type { TextRepresentation } from '../../manifest/presentation.js';
import { atFile, segmentTexts, type TextTrack } from './text.js';
import { TEXT_TIMESCALE_HZ, type TextInMp4, textInMp4 } from './text-mp4.js';
import { filesBelow, segmentsBelow } from './track-addressing.js';
import type { PackageOptions } from './types.js';

/** A file that is made in memory, or a folder of such files. */
export interface SmallFile {
  readonly name: string;
  /** Of a folder: of its files, one behind the other. */
  readonly bytes: Uint8Array;
  /** What is in the folder. */
  readonly files?: readonly PlannedFile[];
}

/** Subtitles, cut: their files, and what manifests say of them. */
export interface PlannedText {
  readonly track: TextTrack;
  /** The first is what players of DASH load. */
  readonly files: readonly SmallFile[];
  readonly representation: TextRepresentation;
}

/** In which form players of DASH get subtitles, and how they find them. */
type Form = Pick<PackageOptions, 'text' | 'addressing'>;

/**
 * Cuts subtitles where the media is cut.
 * @param timed segments of the media
 * @param baseOf of a track: the id of its representation, with which the names of its files begin
 * @throws PrpackError MALFORMED_INPUT for TTML that is to go into MP4 and is not well-formed
 */
export function planTexts(
  texts: readonly TextTrack[],
  timed: Timed,
  baseOf: (id: string) => string,
  form: Form = {},
): PlannedText[] {
  return texts.map((track) => planText(track, timed, baseOf(track.id), form));
}

function planText(track: TextTrack, timed: Timed, id: string, form: Form): PlannedText {
  const { file, ...forDash } = form.text === 'mp4' ? mp4(track, timed, id, form) : wholeFile(track, id);
  const forHls = track.webVtt && cutFiles(track, timed, id);
  return {
    track,
    files: [file, ...(forHls?.files ?? [])],
    representation: { id, ...forDash, ...(forHls && { webVttSegments: forHls.list }) },
  };
}

/** What players of DASH load of a track. */
interface DashText extends Pick<TextRepresentation, 'mimeType' | 'codecs' | 'addressing'> {
  readonly file: SmallFile;
}

function wholeFile({ whole, webVtt }: TextTrack, id: string): DashText {
  const file: SmallFile = { name: `${id}${whole.extension}`, bytes: Buffer.from(whole.text) };
  return {
    file,
    mimeType: webVtt ? 'text/vtt' : 'application/ttml+xml',
    addressing: { kind: 'whole', uri: file.name, sizeBytes: file.bytes.length },
  };
}

function mp4(track: TextTrack, timed: Timed, id: string, { addressing }: Form): DashText {
  const isSegmented = addressing === 'segments';
  const text = atFile(track.input, () => textInMp4(track, boundariesSeconds(timed), isSegmented));
  const placed = isSegmented ? segmentFiles(text, id) : oneFile(text, id);
  return { ...placed, mimeType: 'application/mp4', codecs: text.codecs };
}

function oneFile({ init, index, segments, times }: TextInMp4, id: string): Omit<DashText, 'mimeType'> {
  const file = { name: `${id}.mp4`, bytes: Buffer.concat([init, index, ...segments]) };
  let offsetBytes = init.length + index.length;
  return {
    file,
    addressing: {
      kind: 'file',
      uri: file.name,
      initRange: { startBytes: 0, endBytes: init.length },
      indexRange: { startBytes: init.length, endBytes: offsetBytes },
      timescaleHz: TEXT_TIMESCALE_HZ,
      segments: times.map((time) => {
        const segment = { ...time, offsetBytes };
        offsetBytes += time.sizeBytes;
        return segment;
      }),
    },
  };
}

function segmentFiles({ init, segments, times }: TextInMp4, id: string): Omit<DashText, 'mimeType'> {
  const addressing = segmentsBelow(id, { timescaleHz: TEXT_TIMESCALE_HZ, segments: times });
  const files = filesBelow(addressing, init.length);
  return { file: { name: id, bytes: Buffer.concat([init, ...segments]), files }, addressing };
}

/** WebVTT of one segment each, for HLS. */
function cutFiles(
  track: TextTrack,
  timed: Timed,
  id: string,
): { readonly files: SmallFile[]; readonly list: SegmentList } {
  const { segments, timescaleHz } = timed;
  const files = segmentTexts(track, boundariesSeconds(timed)).map((text, i) => ({
    name: `${id}-${`${i + 1}`.padStart(5, '0')}.vtt`,
    bytes: Buffer.from(text),
  }));
  return {
    files,
    list: {
      kind: 'segments',
      mediaUri: `${id}-$Number%05d$.vtt`,
      startNumber: 1,
      timescaleHz,
      segments: files.map(({ bytes }, i) => ({
        startTicks: segments[i].startTicks,
        durationTicks: segments[i].durationTicks,
        sizeBytes: bytes.length,
      })),
    },
  };
}

/** When segments begin, and the end of the last. */
function boundariesSeconds({ segments, timescaleHz }: Timed): number[] {
  const starts = segments.map(({ startTicks }) => startTicks / timescaleHz);
  const { startTicks, durationTicks } = segments[segments.length - 1];
  return [...starts, (startTicks + durationTicks) / timescaleHz];
}

import type { SegmentList, Timed } from '../../manifest/addressing.js';
import type { TextRepresentation } from '../../manifest/presentation.js';
import { segmentTexts, type TextTrack } from './text.js';

/** A file that is made in memory. */
export interface SmallFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Subtitles, cut: their files, and what manifests say of them. */
export interface PlannedText {
  readonly track: TextTrack;
  /** The first is what players of DASH load. */
  readonly files: readonly SmallFile[];
  readonly representation: TextRepresentation;
}

/**
 * Cuts subtitles where the media is cut.
 * @param timed segments of the media
 * @param baseOf of a track: the id of its representation, with which the names of its files begin
 */
export function planTexts(
  texts: readonly TextTrack[],
  timed: Timed,
  baseOf: (id: string) => string,
): PlannedText[] {
  return texts.map((track) => planText(track, timed, baseOf(track.id)));
}

function planText(track: TextTrack, timed: Timed, id: string): PlannedText {
  const { whole, webVtt } = track;
  const file: SmallFile = { name: `${id}${whole.extension}`, bytes: Buffer.from(whole.text) };
  const cut = webVtt && cutFiles(track, timed, id);
  return {
    track,
    files: [file, ...(cut?.files ?? [])],
    representation: {
      id,
      mimeType: webVtt ? 'text/vtt' : 'application/ttml+xml',
      addressing: { kind: 'whole', uri: file.name, sizeBytes: file.bytes.length },
      ...(cut && { webVttSegments: cut.list }),
    },
  };
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

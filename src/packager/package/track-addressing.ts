import { basename } from 'node:path';
import type { PlannedFile } from '../../bytes/sinks/staged-folder.js';
import {
  type Addressing,
  type IFrame,
  type Segment,
  type SegmentsAddressing,
  segmentUri,
  type Timed,
} from '../../manifest/addressing.js';
import type { PlannedTrack } from './title-plan.js';

const INIT = 'init.mp4';

/**
 * Numbers have five digits, so that segments are listed in their order: five are enough for a week of six seconds each, and more follow
 * where they are not.
 */
const MEDIA = '$Number%05d$.m4s';

/** What files of segments, of media and of text, and fragments of Smooth Streaming are called. */
const OF_SEGMENTS = /^(init\.mp4|\d{5,}\.(m4s|vtt)|Fragments\(\w+=\d+\))$/;

/** Whether a file in the folder of a track is one of prpack's. */
export const isSegmentName = (name: string): boolean => OF_SEGMENTS.test(name);

/** Name of a track's file, or of the folder with its segments: what is published keeps its name. */
export function mediaNameOf({ isSegmented, published }: PlannedTrack, base: string): string {
  return published?.name ?? (isSegmented ? base : `${base}.mp4`);
}

/**
 * How players find a track.
 * @param base how the names of its files begin
 */
export function addressingOf(planned: PlannedTrack, base: string): Addressing {
  const { track, plan, isSegmented } = planned;
  const { timescaleHz } = track.movie.tracks[0].mdhd;
  const { initBytes, indexBytes } = plan.places;
  const segments = segmentsOf(planned);
  const iFrames = track.type === 'video' ? { iFrames: iFramesOf(planned) } : {};
  if (isSegmented) {
    return { ...segmentsBelow(mediaNameOf(planned, base), { timescaleHz, segments }), ...iFrames };
  }
  return {
    kind: 'file',
    uri: mediaNameOf(planned, base),
    initRange: { startBytes: 0, endBytes: initBytes },
    indexRange: { startBytes: initBytes, endBytes: initBytes + indexBytes },
    timescaleHz,
    segments: segments.map((segment, i) => ({ ...segment, offsetBytes: segmentBytes(planned, i) })),
    ...iFrames,
  };
}

/** Segments in the folder of a track. */
export function segmentsBelow(folder: string, { timescaleHz, segments }: Timed): SegmentsAddressing {
  const uris = { initUri: `${folder}/${INIT}`, mediaUri: `${folder}/${MEDIA}` };
  return { kind: 'segments', ...uris, startNumber: 1, timescaleHz, segments };
}

/** What is in the folder of a track, in the order of its bytes. */
export function filesBelow(addressing: SegmentsAddressing, initBytes: number): PlannedFile[] {
  return [
    { name: INIT, sizeBytes: initBytes },
    ...addressing.segments.map(({ sizeBytes }, i) => ({
      name: basename(segmentUri(addressing, i)),
      sizeBytes,
    })),
  ];
}

/** Where in the output a segment begins. */
function segmentBytes({ plan, segmentStarts }: PlannedTrack, index: number): number {
  return plan.segmentStartBytes[segmentStarts[index] + 1];
}

function segmentsOf(planned: PlannedTrack): Segment[] {
  const { plan, encryption, segmentStarts } = planned;
  const times = plan.fragmentTimes(encryption.track);
  return segmentStarts.slice(0, -1).map((first, i) => ({
    startTicks: times[first],
    durationTicks: times[segmentStarts[i + 1]] - times[first],
    sizeBytes: segmentBytes(planned, i + 1) - segmentBytes(planned, i),
  }));
}

function iFramesOf(planned: PlannedTrack): IFrame[] {
  const { plan, encryption, segmentStarts, isSegmented } = planned;
  const times = plan.fragmentTimes(encryption.track);
  return segmentStarts.slice(0, -1).map((fragment, segmentIndex) => {
    const { startBytes, endBytes } = plan.firstSampleRange(fragment);
    const fileBytes = isSegmented ? segmentBytes(planned, segmentIndex) : 0;
    return {
      startTicks: times[fragment],
      segmentIndex,
      offsetBytes: startBytes - fileBytes,
      sizeBytes: endBytes - startBytes,
    };
  });
}

/** The files of a track that has a folder: its header and its segments. Undefined for one that has one file. */
export function filesOf(planned: PlannedTrack): PlannedFile[] | undefined {
  const addressing = addressingOf(planned, '');
  return addressing.kind === 'file' ? undefined : filesBelow(addressing, planned.plan.places.initBytes);
}

import { segmentUri } from '../addressing.js';
import type { Presentation, Protection, SwitchingSet } from '../presentation.js';

/** A track as it was given, by which a playlist of it is judged. */
export interface GivenTrack {
  readonly setId: number;
  readonly kind: SwitchingSet['kind'];
  /** Absent: clear. */
  readonly protection?: Protection;
  readonly segmentSeconds: readonly number[];
}

/**
 * Tracks by the URIs of their segments: a playlist is known by what it lists, whatever its name is.
 * @example
 * tracksByUri(presentation).get('v360/1.m4s')?.protection?.kid; // '10000000-1000-1000-1000-100000000001'
 */
export function tracksByUri({ switchingSets }: Presentation): Map<string, GivenTrack> {
  const tracks = new Map<string, GivenTrack>();
  for (const { id: setId, kind, protection, representations } of switchingSets) {
    for (const representation of representations) {
      const forms = [
        representation.addressing,
        'webVttSegments' in representation ? representation.webVttSegments : undefined,
      ];
      for (const form of forms) {
        if (form === undefined || form.kind === 'whole') continue;
        const segmentSeconds = form.segments.map(({ durationTicks }) => durationTicks / form.timescaleHz);
        const track = { setId, kind, segmentSeconds, ...(protection && { protection }) };
        if (form.kind === 'file') tracks.set(form.uri, track);
        else for (const index of form.segments.keys()) tracks.set(segmentUri(form, index), track);
      }
    }
  }
  return tracks;
}

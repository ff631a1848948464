import type { EventStreamId } from '../../manifest/presentation.js';
import type { TitleTrack } from './representations.js';

type TrackOfSet = Pick<TitleTrack, 'id' | 'eventKinds'>;

/** The streams of events that are in the segments of a set, each once, in the order of the tracks (ISO/IEC 23009-1 5.10.3.3). */
export function inbandEventStreamsOf(tracks: readonly TrackOfSet[]): EventStreamId[] {
  const streams = tracks.flatMap(({ eventKinds = [] }) => eventKinds);
  return [...new Map(streams.map((stream) => [keyOf(stream), stream])).values()];
}

/** Warnings where tracks that players switch between have other streams of events: players lose events while they play the wrong one. */
export function eventWarnings(sets: readonly (readonly { readonly track: TrackOfSet }[])[]): string[] {
  return sets.flatMap((ofSet) => {
    const tracks = ofSet.map(({ track }) => track);
    return inbandEventStreamsOf(tracks).flatMap((stream) => {
      const without = tracks.filter(
        ({ eventKinds = [] }) => !eventKinds.some((own) => keyOf(own) === keyOf(stream)),
      );
      if (without.length === 0) return [];
      const names = without.map(({ id }) => id).join(', ');
      return [
        `Players get no events of ${nameOf(stream)} while they play ${names}: other renditions have them. Put the same emsg boxes into all.`,
      ];
    });
  });
}

function keyOf(stream: EventStreamId): string {
  return JSON.stringify([stream.schemeIdUri, stream.value]);
}

function nameOf({ schemeIdUri, value }: EventStreamId): string {
  return value === undefined ? schemeIdUri : `${schemeIdUri} (${value})`;
}

import type { ByteSource } from '../bytes/source.js';
import { writeEmsgHead } from '../isobmff/boxes/emsg.js';
import { otherBoxesOf, readEventMessage } from '../isobmff/event-messages.js';
import type { Movie } from '../isobmff/movie.js';
import type { BoxExtent } from '../isobmff/top-level.js';
import type { FragmentCuts } from './fragment-cuts.js';
import { InputSegments } from './input-segments.js';
import type { Piece } from './output-plan.js';
import { fragmentStartSeconds } from './timing.js';

/** A box of the input that is carried along although the layout is new. */
export interface CarriedBox {
  readonly sizeBytes: number;
  readonly pieces: readonly Piece[];
}

/** Boxes that say something of a file or a segment as it was, and not of the media. */
const NOT_CARRIED = new Set(['ftyp', 'styp', 'pdin', 'prft']);

/** Which boxes next to the movie are carried: all that may be, `emsg` alone, or none. */
export type Carried = 'all' | 'events' | 'none';

/** Where boxes are carried from and to. */
export interface CarriedFrom {
  readonly movie: Movie;
  readonly source: ByteSource;
  readonly cuts: FragmentCuts;
  readonly carried: Carried;
  /** Fragments at which players begin to load, however they find them. */
  readonly loadStarts: ReadonlySet<number>;
}

/** Boxes of the input by the fragment that they go before; at the end those that go behind the last. */
export function placeCarried(from: CarriedFrom): CarriedBox[][] {
  const { movie, source, cuts, carried } = from;
  const places: CarriedBox[][] = Array.from({ length: cuts.count + 1 }, () => []);
  if (carried === 'none') return places;
  const others = new BoxPlaces(movie, cuts, cuts.count, Math.min);
  const events = new EventPlaces(from);
  for (const box of otherBoxesOf(movie.topLevel, source)) {
    if (box.type === 'emsg') events.add(box, places);
    else if (carried === 'all' && box.type && !NOT_CARRIED.has(box.type))
      places[others.of(box)].push(copied(box));
  }
  return places;
}

function copied({ startBytes, sizeBytes }: BoxExtent): CarriedBox {
  return { sizeBytes, pieces: [{ kind: 'copy', inputBytes: startBytes, lengthBytes: sizeBytes }] };
}

/** For boxes in the order of the input: the first fragment that lies behind each in the input. */
class BoxPlaces {
  readonly #fragmentBytes: () => Float64Array;
  readonly #last: number;
  #found: Float64Array | undefined;
  #fragment = 0;

  /**
   * @param last where boxes go that no fragment lies behind
   * @param pick `Math.min`: all samples of a fragment are to lie behind the box; `Math.max`: one of them
   */
  constructor(movie: Movie, cuts: FragmentCuts, last: number, pick: typeof Math.min) {
    this.#last = last;
    this.#fragmentBytes = () => sampleBytesOf(movie, cuts, pick);
  }

  of({ startBytes }: BoxExtent): number {
    this.#found ??= this.#fragmentBytes();
    while (this.#fragment < this.#last && this.#found[this.#fragment] < startBytes) this.#fragment++;
    return this.#fragment;
  }
}

/** Of each fragment the offset of its first or of its last sample in the input. */
function sampleBytesOf({ tracks }: Movie, cuts: FragmentCuts, pick: typeof Math.min): Float64Array {
  return Float64Array.from({ length: cuts.count }, (_, fragment) => {
    let found = pick(); // of nothing: what every offset goes before
    for (const { index, samples } of tracks) {
      const firstSample = cuts.firstSample[index];
      for (let i = firstSample[fragment]; i < firstSample[fragment + 1]; i++)
        found = pick(found, samples.offsets[i]);
    }
    return found;
  });
}

/**
 * Event messages go before the fragment with the sample that follows them in the input, so that players know of an event in time, and
 * never behind the last fragment, where no segment is (ISO/IEC 23009-1 5.10.3.3.1).
 */
class EventPlaces {
  readonly #from: CarriedFrom;
  readonly #places: BoxPlaces;
  #times: { readonly input: InputSegments; readonly output: Float64Array } | undefined;

  constructor(from: CarriedFrom) {
    this.#from = from;
    const { movie, cuts } = from;
    this.#places = new BoxPlaces(movie, cuts, Math.max(0, cuts.count - 1), Math.max);
  }

  add(box: BoxExtent, places: CarriedBox[][]): void {
    const fragment = this.#places.of(box);
    places[fragment].push(this.#inFragment(box, fragment));
  }

  /**
   * Version 1 has its time on the timeline of the movie, which stays. Version 0 has it from the start of its segment: where that is not
   * where players begin to load now, the box becomes one of version 1.
   */
  #inFragment(box: BoxExtent, fragment: number): CarriedBox {
    const { movie, source, cuts, loadStarts } = this.#from;
    const { emsg, messageStartBytes, messageBytes } = readEventMessage(source, box);
    if (emsg.version === 1) return copied(box);
    this.#times ??= {
      input: new InputSegments(movie, source, cuts),
      output: fragmentStartSeconds(movie, cuts),
    };
    const toTicks = (seconds: number) => Math.round(seconds * emsg.timescaleHz);
    const startTicks = toTicks(this.#times.input.startSecondsAt(box.startBytes));
    if (loadStarts.has(fragment) && toTicks(this.#times.output[fragment]) === startTicks) return copied(box);
    const presentationTime = BigInt(startTicks) + emsg.presentationTime;
    const head = writeEmsgHead({ ...emsg, version: 1, presentationTime }, messageBytes);
    return {
      sizeBytes: head.length + messageBytes,
      pieces: [
        { kind: 'literal', bytes: head },
        { kind: 'copy', inputBytes: messageStartBytes, lengthBytes: messageBytes },
      ],
    };
  }
}

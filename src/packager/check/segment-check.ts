import { type ByteSource, readBytes } from '../../bytes/source.js';
import type { Movie } from '../../isobmff/movie.js';
import { DecodeTimes, NON_SYNC } from '../../isobmff/sample-table.js';
import { type BoxHeader, MAX_HEADER_BYTES, parseBoxHeader } from '../../isobmff/walk.js';
import { editStart } from '../../layout/timing.js';
import type { SegmentExpectations } from './expectations.js';
import { assertEqual, failed } from './failure.js';

/** Compares where segments of the one track of an output begin, as it is read part by part, with what manifests say of them. */
export class SegmentCheck {
  readonly #expected: SegmentExpectations;
  readonly #output: ByteSource;
  /** The segment that is looked for. */
  #next = 0;
  #moofBytes: number | undefined;

  constructor(expected: SegmentExpectations, output: ByteSource) {
    this.#expected = expected;
    this.#output = output;
    this.#moofBytes = this.#moofOfNext();
  }

  add(part: Movie): void {
    const { fragments, topLevel, tracks } = part;
    const [{ samples }] = tracks;
    const times = new DecodeTimes(samples);
    const start = editStart(tracks[0], part);
    for (let fragment = 0; fragment < fragments.count; fragment++) {
      const first = fragments.trafFirstSample[fragment];
      const end = first + fragments.trafSampleCount[fragment];
      let earliest = Number.POSITIVE_INFINITY;
      for (let i = first; i < end; i++) {
        earliest = Math.min(earliest, times.next() + (samples.compositionOffsets?.[i] ?? 0));
      }
      if (topLevel.startBytes[fragments.runs[fragment]] !== this.#moofBytes) continue;
      const isSync = ((samples.flags?.[first] ?? 0) & NON_SYNC) === 0;
      if (!isSync) throw failed(`segment ${this.#next + 1} does not begin with a sync sample`);
      const ticks = Math.max(0, earliest - start);
      assertEqual(`the start of segment ${this.#next + 1}`, this.#expected.startTicks[this.#next], ticks);
      this.#next++;
      this.#moofBytes = this.#moofOfNext();
    }
  }

  /** All segments were found. */
  end(): void {
    assertEqual('the number of segments', this.#expected.startBytes.length, this.#next);
  }

  /** Where the `moof` of the next segment is: at its beginning, or behind its `styp` and its events. */
  #moofOfNext(): number | undefined {
    const { startBytes, hasStyp } = this.#expected;
    if (this.#next === startBytes.length) return undefined;
    let at = startBytes[this.#next];
    let header = this.#headerAt(at);
    if (hasStyp) {
      if (header?.type !== 'styp') throw failed(`segment ${this.#next + 1} has no styp`);
      at += header.sizeBytes;
      header = this.#headerAt(at);
    }
    while (header?.type === 'emsg' && header.sizeBytes > 0) {
      at += header.sizeBytes;
      header = this.#headerAt(at);
    }
    return at;
  }

  #headerAt(at: number): BoxHeader | undefined {
    const lengthBytes = Math.min(MAX_HEADER_BYTES, this.#output.sizeBytes - at);
    return lengthBytes > 0 ? parseBoxHeader(readBytes(this.#output, at, lengthBytes)) : undefined;
  }
}

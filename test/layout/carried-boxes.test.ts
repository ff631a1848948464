import { describe, expect, it } from 'vitest';
import { FragmentedPlan, fragmentationOf } from '../../src/layout/fragmented-plan.js';
import { presentationOf } from '../../src/layout/presentation.js';
import { box, emsgBox, fullBox, u32 } from '../support/builder/boxes.js';
import { type FragmentedShape, fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, type BuiltTrack } from '../support/builder/movie.js';
import type { Piece } from '../support/builder/pieces.js';
import { movieOf } from '../support/movies.js';
import { boxesIn } from '../support/mp4-reader.js';
import { render, wholeSamples } from './plans.js';

/** Of a sample: 1024 ticks, at 48000 a second. */
const TICKS = 1024;

interface Output {
  /** Samples a fragment. Default 2. */
  readonly samples?: number;
  readonly segmentStarts?: readonly number[];
  readonly loadStarts?: readonly number[];
}

/** A CMAF track; `order` names its boxes behind `moov`, without `sidx` and `mdat`. */
function packaged(pieces: readonly Piece[], { samples = 2, ...more }: Output = {}) {
  const { movie, source } = movieOf(pieces);
  const plan = new FragmentedPlan({
    movie,
    source,
    encryptions: movie.tracks.map(wholeSamples),
    fragmentation: fragmentationOf(presentationOf(movie, source), (samples * TICKS) / 48000),
    psshBoxes: [],
    isCmaf: true,
    ...more,
  });
  const bytes = render(plan, source);
  const top = boxesIn(bytes);
  const left = top.filter(({ type }) => !['ftyp', 'moov', 'sidx', 'mdat'].includes(type));
  const events = top
    .filter(({ type }) => type === 'emsg')
    .map(({ offset, size }) => bytes.subarray(offset, offset + size));
  return { plan, bytes, top, order: left.map(({ type }) => type).join(' '), events };
}

/** Fragments of one sample each, with boxes before some of them. */
function withBoxes(
  before: Readonly<Record<number, readonly Buffer[]>>,
  { track = audioTrackOf([10, 20, 30, 40]), ...shape }: FragmentedShape & { track?: BuiltTrack } = {},
): Piece[] {
  const pieces = fragmented([track], { fragmentSamples: 1, ...shape });
  let fragment = 0;
  const all = pieces.flatMap((piece): Piece[] => {
    const isMoof = piece instanceof Uint8Array && Buffer.from(piece).toString('latin1', 4, 8) === 'moof';
    return isMoof ? [...(before[fragment++] ?? []), piece] : [piece];
  });
  return [...all, ...(before[fragment] ?? [])];
}

const event = (time: number, version: 0 | 1 = 1) =>
  emsgBox({ version, time, timescale: 48000, duration: 100, id: time, message: `at ${time}` });

describe('events', () => {
  it('go before the fragment that holds the sample behind them, byte for byte', () => {
    const boxes = [event(0), event(1), event(2), event(3)];
    const { order, events } = packaged(withBoxes({ 0: [boxes[0]], 1: [boxes[1]], 2: boxes.slice(2) }));
    expect(order).toBe('emsg emsg moof emsg emsg moof');
    expect(events).toEqual(boxes);
  });

  it('go before the last fragment where no sample is behind them', () => {
    const boxes = [event(TICKS), event(0, 0)];
    const { order, events } = packaged(withBoxes({ 4: boxes }));
    expect(order).toBe('moof emsg emsg moof');
    // The last fragment of the input begins with the fourth sample.
    expect(events).toEqual([boxes[0], emsgBox({ ...of(3 * TICKS), id: 0, message: 'at 0' })]);
  });

  it('are counted where parts of the output are named', () => {
    const pieces = withBoxes({ 2: [event(0)] });
    const { plan, top, bytes } = packaged(pieces);
    const moofs = top.filter(({ type }) => type === 'moof');
    const [emsg] = top.filter(({ type }) => type === 'emsg');
    const [sidx] = top.filter(({ type }) => type === 'sidx');
    expect(plan.firstSampleRange(1).startBytes).toBe(moofs[1].offset);
    expect([...plan.segmentStartBytes.subarray(1, 3)]).toEqual([moofs[0].offset, emsg.offset]);
    expect(bytes.readUInt32BE(sidx.offset + 32)).toBe(emsg.offset - moofs[0].offset);
    expect(bytes.readUInt32BE(sidx.offset + 44)).toBe(bytes.length - emsg.offset);
  });

  it('stand behind styp in segments', () => {
    const { plan, order } = packaged(withBoxes({ 0: [event(0)], 2: [event(1)] }), { segmentStarts: [0, 1] });
    expect(order).toBe('styp emsg moof styp emsg moof');
    expect(plan.sizeBytes).toBe(plan.segmentStartBytes[3]);
  });

  it('are left out where none is to be carried, and are the only boxes that are', () => {
    const others = [box('uuid', Buffer.alloc(16)), box('prft', u32(0)), event(1)];
    expect(packaged(withBoxes({ 0: others })).order).toBe('emsg moof moof');
    const { movie, source } = movieOf(withBoxes({ 0: others }));
    const fragmentation = fragmentationOf(presentationOf(movie, source), 1);
    const common = { movie, source, encryptions: [], fragmentation, psshBoxes: [] };
    const types = (carried: 'all' | 'none') =>
      boxesIn(render(new FragmentedPlan({ ...common, carried }), source)).map(({ type }) => type);
    expect(types('none')).toEqual(['ftyp', 'moov', 'sidx', 'moof', 'mdat']);
    expect(types('all')).toEqual(['ftyp', 'moov', 'sidx', 'uuid', 'emsg', 'moof', 'mdat']);
  });

  it.each([
    ['no version that is known', fullBox('emsg', 2, 0, Buffer.alloc(40))],
    ['texts without an end', fullBox('emsg', 0, 0, Buffer.alloc(70_000, 65))],
  ])('are refused with %s', (_, emsg) => {
    expect(() => packaged(withBoxes({ 1: [emsg] }))).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        details: expect.objectContaining({ boxPath: 'emsg', offsetBytes: expect.any(Number) }),
      }),
    );
  });
});

/** What {@link event} is, as version 1. */
const of = (time: number) => ({ time, timescale: 48000, duration: 100 });

describe('events of version 0', () => {
  const asVersion1 = (time: number, delta: number) =>
    emsgBox({ ...of(time), id: delta, message: `at ${delta}` });

  it('stay as they are where their segment begins when it did', () => {
    const boxes = [event(7, 0), event(8, 0)];
    expect(packaged(withBoxes({ 0: [boxes[0]], 2: [boxes[1]] })).events).toEqual(boxes);
  });

  it('become version 1 where their segment begins at another time', () => {
    // Fragment 1 of the input begins with sample 1, the one of the output that has it with sample 0.
    expect(packaged(withBoxes({ 1: [event(7, 0)] })).events).toEqual([asVersion1(TICKS + 7, 7)]);
    expect(packaged(withBoxes({ 3: [event(7, 0)] }), { samples: 3 }).events).toEqual([event(7, 0)]);
  });

  it('become version 1 where players begin to load elsewhere', () => {
    const pieces = withBoxes({ 0: [event(1, 0)], 2: [event(2, 0)] });
    expect(packaged(pieces, { loadStarts: [0] }).events).toEqual([event(1, 0), asVersion1(2 * TICKS + 2, 2)]);
  });

  it('count from where styp stands in the input', () => {
    const styp = box('styp', Buffer.from('msdh'), u32(0));
    // Segments of three samples and of one; the box is before the third sample.
    const pieces = withBoxes({ 0: [styp], 2: [event(9, 0)], 3: [styp, event(5, 0)] });
    expect(packaged(pieces).events).toEqual([asVersion1(9, 9), asVersion1(3 * TICKS + 5, 5)]);
    expect(packaged(pieces, { samples: 3 }).events).toEqual([event(9, 0), event(5, 0)]);
  });

  it('count from what the index of the input lists', () => {
    const emsg = event(9, 0);
    const pieces = withBoxes({ 3: [emsg] }, { sidx: 'spanning' });
    // Its second reference, to the third and fourth sample, has the box, too: header and fields of sidx, and one reference.
    const sidx = pieces[2] as Buffer;
    sidx.writeUInt32BE(sidx.readUInt32BE(32 + 12) + emsg.length, 32 + 12);
    expect(packaged(pieces).events).toEqual([emsg]); // from sample 2 on, as in the output
    expect(packaged(pieces, { samples: 4 }).events).toEqual([asVersion1(2 * TICKS + 9, 9)]);
  });

  it('count on the timeline of the presentation', () => {
    const track = { ...audioTrackOf([10, 20, 30, 40]), edits: [{ duration: 85, mediaTime: TICKS }] };
    // Sample 2 is seen at one sample's time, as the first is cut off.
    const pieces = withBoxes({ 2: [event(3, 0)] }, { track });
    expect(packaged(pieces, { samples: 4 }).events).toEqual([asVersion1(TICKS + 3, 3)]);
  });
});

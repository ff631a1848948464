import { box, fullBox } from '../isobmff/boxes/box.js';
import { writeDref } from '../isobmff/boxes/dref.js';
import { writeElng } from '../isobmff/boxes/elng.js';
import { writeEmptyTables } from '../isobmff/boxes/empty-tables.js';
import { writeFtyp } from '../isobmff/boxes/ftyp.js';
import { writeHdlr } from '../isobmff/boxes/hdlr.js';
import { writeMdhd } from '../isobmff/boxes/mdhd.js';
import { writeMehd } from '../isobmff/boxes/mehd.js';
import { writeMfhd } from '../isobmff/boxes/mfhd.js';
import { writeMvhd } from '../isobmff/boxes/mvhd.js';
import { type SidxReference, writeSidx } from '../isobmff/boxes/sidx.js';
import { writeTfdt } from '../isobmff/boxes/tfdt.js';
import { writeTfhd } from '../isobmff/boxes/tfhd.js';
import { writeTkhd } from '../isobmff/boxes/tkhd.js';
import { writeTrex } from '../isobmff/boxes/trex.js';
import { sampleDefaultsOf, sizeOfTrun, writeTrun } from '../isobmff/boxes/trun.js';
import { CMAF_STYP } from './fragmented-plan.js';

/** Text as samples of MP4, in segments that follow each other without a gap. */
export interface TextTrackSamples {
  /** `text` for WebVTT, `subt` for TTML (ISO/IEC 14496-30 5.2 and 6.2). */
  readonly handlerType: 'text' | 'subt';
  /** The whole box. */
  readonly sampleEntry: Uint8Array;
  /** Of its CMAF media profile (ISO/IEC 23000-19 11): `cwvt`, `im1t`. */
  readonly brand: string;
  /** RFC 5646. */
  readonly language?: string | undefined;
  readonly timescaleHz: number;
  readonly startTicks: number;
  readonly segments: readonly (readonly TextSample[])[];
  /** Whether each segment is a file, which begins with `styp`. */
  readonly isSegmented: boolean;
}

export interface TextSample {
  readonly durationTicks: number;
  readonly bytes: Uint8Array;
}

/** A clear CMAF track of text, part by part: `init`, then the segments, each of one fragment. */
export interface TextTrackParts {
  /** `ftyp` and `moov`. */
  readonly init: Uint8Array;
  /** One `sidx` for all segments, which follow it at once. */
  readonly index: Uint8Array;
  readonly segments: readonly Uint8Array[];
}

const TRACK_ID = 1;
/** The header of the media that a handler is for (ISO/IEC 14496-12 12.5 and 12.6). */
const MEDIA_HEADERS = { text: 'nmhd', subt: 'sthd' } as const;
/** sample_depends_on 2: every sample of text stands alone (ISO/IEC 14496-12 8.8.3.1). */
const SYNC_SAMPLE = 0x02000000;

/** Writes the boxes of a track of text (ISO/IEC 23000-19 7.2 and 11). */
export function writeTextTrack(track: TextTrackSamples): TextTrackParts {
  let decodeTicks = track.startTicks;
  const segments = track.segments.map((samples, i) => {
    const fragment = writeFragment(samples, i + 1, decodeTicks);
    decodeTicks += durationOf(samples);
    return track.isSegmented ? Buffer.concat([CMAF_STYP, fragment]) : fragment;
  });
  return { init: writeInit(track), index: writeIndex(track, segments), segments };
}

function writeInit(track: TextTrackSamples): Uint8Array {
  const { brand, timescaleHz, segments } = track;
  const compatibleBrands = ['iso6', 'cmfc', brand, 'dash', 'mp41'];
  const fragmentDuration = BigInt(durationOf(segments.flat()));
  const moov = box(
    'moov',
    writeMvhd({ timescaleHz, durationTicks: undefined }),
    writeTrak(track),
    box(
      'mvex',
      writeMehd({ fragmentDuration }),
      writeTrex({
        trackId: TRACK_ID,
        defaultSampleDescriptionIndex: 1,
        defaultSampleDuration: 0,
        defaultSampleSize: 0,
        defaultSampleFlags: SYNC_SAMPLE,
      }),
    ),
  );
  return Buffer.concat([writeFtyp({ majorBrand: 'iso6', minorVersion: 0, compatibleBrands }), moov]);
}

function writeTrak({ handlerType, sampleEntry, language, timescaleHz }: TextTrackSamples): Uint8Array {
  const stsd = fullBox('stsd', 0, 0, Uint8Array.of(0, 0, 0, 1), sampleEntry);
  const minf = box(
    'minf',
    fullBox(MEDIA_HEADERS[handlerType], 0, 0),
    box('dinf', writeDref()),
    box('stbl', stsd, writeEmptyTables()),
  );
  const mdia = box(
    'mdia',
    writeMdhd({ timescaleHz, durationTicks: undefined, language: 'und' }), // three letters; the tag is in elng
    writeHdlr({ handlerType, name: '' }),
    ...(language === undefined ? [] : [writeElng(language)]),
    minf,
  );
  return box(
    'trak',
    writeTkhd({ isEnabled: true, trackId: TRACK_ID, durationTicks: undefined, width: 0, height: 0 }),
    mdia,
  );
}

function writeFragment(
  samples: readonly TextSample[],
  sequenceNumber: number,
  decodeTicks: number,
): Uint8Array {
  const columns = {
    durations: Uint32Array.from(samples, ({ durationTicks }) => durationTicks),
    sizes: Uint32Array.from(samples, ({ bytes }) => bytes.length),
  };
  const count = samples.length;
  const defaults = sampleDefaultsOf(columns, 0, count);
  const mfhd = writeMfhd({ sequenceNumber });
  const tfhd = writeTfhd({
    trackId: TRACK_ID,
    ...defaults,
    durationIsEmpty: false,
    defaultBaseIsMoof: true,
  });
  const tfdt = writeTfdt({ baseMediaDecodeTime: BigInt(decodeTicks) });
  const trunBytes = sizeOfTrun(columns, 0, count, defaults);
  const moofBytes = 8 + mfhd.length + 8 + tfhd.length + tfdt.length + trunBytes;
  const trun = writeTrun(columns, 0, count, moofBytes + 8, defaults);
  const moof = box('moof', mfhd, box('traf', tfhd, tfdt, trun));
  return Buffer.concat([moof, box('mdat', ...samples.map(({ bytes }) => bytes))]);
}

function writeIndex(track: TextTrackSamples, segments: readonly Uint8Array[]): Uint8Array {
  return writeSidx({
    version: 1,
    referenceId: TRACK_ID,
    timescaleHz: track.timescaleHz,
    earliestPresentationTime: BigInt(track.startTicks),
    firstOffset: 0,
    references: segments.map(
      ({ length }, i): SidxReference => ({
        referenceType: 0,
        referencedSize: length,
        subsegmentDuration: durationOf(track.segments[i]),
        startsWithSap: true,
        sapType: 1,
        sapDeltaTime: 0,
      }),
    ),
  });
}

function durationOf(samples: readonly TextSample[]): number {
  return samples.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
}

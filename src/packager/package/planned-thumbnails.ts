import { PrpackError } from '../../errors.js';
import type { Segment } from '../../manifest/addressing.js';
import type { ThumbnailRepresentation } from '../../manifest/presentation.js';
import { named } from '../../settings/spelling.js';
import type { SmallFile } from './planned-text.js';
import type { Thumbnails } from './thumbnails.js';

/** Sheets of tiles: their files, and what manifests say of them. */
export interface PlannedThumbnails {
  readonly thumbnails: Thumbnails;
  readonly files: readonly SmallFile[];
  readonly representation: ThumbnailRepresentation;
}

/** `SegmentTemplate@duration` has 32 bits: a sheet of 13 hours fits. */
const TIMESCALE_HZ = 90_000;

/**
 * Decides how long each sheet shows.
 * @param id of the representation, with which the names of its files begin
 * @throws PrpackError INVALID_ARGUMENT where sheets and duration of a tile do not fit the title
 */
export function planThumbnails(
  thumbnails: Thumbnails,
  durationSeconds: number,
  id: string,
): PlannedThumbnails {
  const { sheets, extension, mimeType, widthPixels, heightPixels, columns, rows } = thumbnails;
  const files = sheets.map(({ bytes }, i) => ({
    name: `${id}-${`${i + 1}`.padStart(5, '0')}${extension}`,
    bytes,
  }));
  const sheetTicks = sheetTicksOf(thumbnails, durationSeconds);
  const endTicks = Math.round(durationSeconds * TIMESCALE_HZ);
  const segments = files.map(({ bytes }, i): Segment => {
    const startTicks = i * sheetTicks;
    const durationTicks = Math.min(sheetTicks, Math.max(1, endTicks - startTicks)); // the last may have empty tiles
    return { startTicks, durationTicks, sizeBytes: bytes.length };
  });
  return {
    thumbnails,
    files,
    representation: {
      id,
      mimeType,
      widthPixels,
      heightPixels,
      columns,
      rows,
      sheetTicks,
      addressing: {
        kind: 'segments',
        mediaUri: `${id}-$Number%05d$${extension}`,
        startNumber: 1,
        timescaleHz: TIMESCALE_HZ,
        segments,
      },
    },
  };
}

/**
 * How long a whole sheet shows. Sheets that end up to a tile before the title show so much longer: tiles are made of video, and audio may
 * last a little longer.
 */
function sheetTicksOf(thumbnails: Thumbnails, durationSeconds: number): number {
  const { sheets, columns, rows, tileSeconds } = thumbnails;
  // Players round the duration of the title to microseconds, and then ask for no sheet that is not there.
  const evenTicks = Math.ceil((durationSeconds * TIMESCALE_HZ) / sheets.length - 0.01);
  if (tileSeconds === undefined) return evenTicks;
  const sheetSeconds = tileSeconds * columns * rows;
  const isEnough = sheets.length * sheetSeconds + tileSeconds >= durationSeconds;
  const isTooMuch = (sheets.length - 1) * sheetSeconds >= durationSeconds;
  if (!isEnough || isTooMuch) throw anotherCount(thumbnails, sheetSeconds, durationSeconds);
  return Math.max(evenTicks, Math.round(sheetSeconds * TIMESCALE_HZ));
}

function anotherCount(
  { sheets, columns, rows, tileSeconds }: Thumbnails,
  sheetSeconds: number,
  durationSeconds: number,
): PrpackError {
  const lasts = `the title lasts ${durationSeconds.toFixed(3)} s`;
  return new PrpackError(
    'INVALID_ARGUMENT',
    `${named('thumbnails')}: ${sheets.length} sheets of ${columns}x${rows} tiles of ${tileSeconds} s are not for this title: ${lasts}`,
    {
      expected: `${Math.ceil(durationSeconds / sheetSeconds)} sheets`,
      received: `${sheets.length} sheets`,
      remedy:
        'Give the seconds from one tile to the next, or leave them out where all tiles are filled; remove sheets of another title.',
    },
  );
}

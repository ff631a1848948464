import { readTextFile } from '../../bytes/files.js';
import { PrpackError } from '../../errors.js';
import type { Cue, Presentation } from '../../manifest/presentation.js';
import type { PackageOptions } from './types.js';

/** A field of a cue in a file: what it can be. */
const FIELDS: Readonly<Record<string, { fits(value: unknown): boolean; expected: string }>> = {
  time: { fits: (value) => isNumber(value) && value >= 0, expected: 'seconds from the start of the title' },
  duration: { fits: (value) => isNumber(value) && value > 0, expected: 'seconds above 0' },
  id: {
    fits: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffffffff,
    expected: 'a number of up to 32 bits',
  },
  scte35: {
    // table_id of splice_info_section (ANSI/SCTE 35 9.6.1) is 0xFC
    fits: (value) => typeof value === 'string' && /^\/[A-P][A-Za-z0-9+/]*={0,2}$/.test(value),
    expected: 'a splice_info_section in base64',
  },
};

type GivenCues = PackageOptions['cues'];

/** The files that list cues. */
export function cueFilesOf(given: GivenCues = []): string[] {
  return [given].flat().filter((one) => typeof one === 'string');
}

/** The times that are given themselves, in seconds. */
export function cueTimesOf(given: GivenCues = []): number[] {
  return [given].flat().filter((one) => typeof one === 'number');
}

/**
 * Reads where ads may go.
 * @returns in the order of their times
 * @throws PrpackError INPUT_UNREADABLE; MALFORMED_INPUT for what is no list of cues; that or, without a file, INVALID_ARGUMENT for breaks that
 *   overlap
 */
export async function readCues(given: GivenCues): Promise<Cue[]> {
  const cues = cueTimesOf(given).map((seconds): Cue => ({ seconds }));
  const files = cueFilesOf(given);
  for (const path of files) {
    const list = parse(await readTextFile(path), path);
    cues.push(...list.map((one, index) => cueOf(one, index, path)));
  }
  cues.sort((a, b) => a.seconds - b.seconds);
  for (const [i, { seconds }] of cues.slice(1).entries()) {
    const { seconds: before, durationSeconds = 0 } = cues[i];
    if (seconds > before && seconds >= before + durationSeconds) continue;
    throw overlapping(files, `the cue at ${seconds} s begins before that at ${before} s has ended`);
  }
  return cues;
}

function overlapping(files: readonly string[], problem: string): PrpackError {
  if (files.length > 0) return malformedCues(files.join(', '), problem);
  return new PrpackError('INVALID_ARGUMENT', problem, {
    expected: 'times that differ',
    remedy: 'Give each time once.',
  });
}

const EVENT_TIMESCALE_HZ = 90_000;

/** What a presentation says of cues: tags for HLS, and for DASH an event of each that has a section of SCTE 35. */
export function cuesOf(cues: readonly Cue[]): Pick<Presentation, 'cues' | 'eventStreams'> {
  const ticksOf = (seconds: number) => Math.round(seconds * EVENT_TIMESCALE_HZ);
  const events = cues.flatMap(({ seconds, durationSeconds, id, scte35 }, i) =>
    scte35 === undefined
      ? []
      : {
          id: id ?? i + 1,
          startTicks: ticksOf(seconds),
          ...(durationSeconds !== undefined && { durationTicks: ticksOf(durationSeconds) }),
          message: scte35,
          isBase64: true,
        },
  );
  const schemeIdUri = 'urn:scte:scte35:2014:xml+bin';
  const eventStreams = [{ schemeIdUri, timescaleHz: EVENT_TIMESCALE_HZ, events }];
  return { cues, ...(events.length > 0 && { eventStreams }) };
}

function parse(text: string, path: string): readonly unknown[] {
  try {
    const list = JSON.parse(text);
    if (Array.isArray(list)) return list;
  } catch (error) {
    throw malformedCues(path, `it is no JSON: ${(error as Error).message}`);
  }
  throw malformedCues(path, 'it is no list');
}

function cueOf(given: unknown, index: number, path: string): Cue {
  const place = `cue ${index + 1}`;
  if (typeof given !== 'object' || given === null) throw malformedCues(path, `${place} is no object`);
  for (const [name, value] of Object.entries(given)) {
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (!field)
      throw malformedCues(path, `${place} has an unknown field ${name}`, Object.keys(FIELDS).join(', '));
    if (!field.fits(value)) throw malformedCues(path, `${place} has another ${name}`, field.expected);
  }
  const { time, duration, id, scte35 } = given as Record<string, number> & { scte35?: string };
  if (time === undefined) throw malformedCues(path, `${place} has no time`, FIELDS.time.expected);
  return {
    seconds: time,
    ...(duration !== undefined && { durationSeconds: duration }),
    ...(id !== undefined && { id }),
    ...(scte35 !== undefined && { scte35 }),
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function malformedCues(
  path: string,
  problem: string,
  expected = '[{ "time": 600, "duration": 30, "id": 1, "scte35": "/DA…" }]',
): PrpackError {
  return new PrpackError('MALFORMED_INPUT', `${path}: ${problem}`, {
    path,
    expected,
    remedy: 'Correct the file of cues.',
  });
}

import { type ErrorDetails, malformed, PrpackError } from '../errors.js';

/** A file of WebVTT (W3C WebVTT 4). Comments are not kept. */
export interface WebVtt {
  /** Blocks STYLE and REGION, as they are: cues refer to them. */
  readonly definitions: readonly string[];
  /** In the order of the file. */
  readonly cues: readonly Cue[];
}

export interface Cue {
  readonly identifier?: string;
  readonly startMilliseconds: number;
  /** Not before the start. */
  readonly endMilliseconds: number;
  /** Settings behind the times, '' for none. */
  readonly settings: string;
  /** Cue text, without blank lines. */
  readonly text: string;
}

const TIMESTAMP = String.raw`(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})`;
const TIMINGS = new RegExp(String.raw`^[ \t]*${TIMESTAMP}[ \t]*-->[ \t]*${TIMESTAMP}(?:[ \t]+(.*?))?[ \t]*$`);

/** Cue times of fMP4 are those of the media: 0 is 0 (draft-pantos-hls-rfc8216bis 3.1.4). */
const TIMESTAMP_MAP = 'X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000';

/**
 * Reads a file of WebVTT.
 * @throws PrpackError MALFORMED_INPUT, with the line; UNSUPPORTED_FEATURE for times that count from a moment of an MPEG-2 stream
 * @example
 * parseWebVtt('WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n').cues[0].startMilliseconds; // 1000
 */
export function parseWebVtt(text: string): WebVtt {
  const lines = textLines(text);
  if (!/^WEBVTT(?:[ \t]|$)/.test(lines[0])) throw malformedText(1, 'does not begin with WEBVTT');
  const definitions: string[] = [];
  const cues: Cue[] = [];
  for (const [index, block] of blocksOf(lines).entries()) {
    const [first] = block.lines;
    if (index === 0) assertCountsFromZero(block.lines);
    else if (/^(?:STYLE|REGION)[ \t]*$/.test(first) && cues.length === 0)
      definitions.push(block.lines.join('\n'));
    else if (!/^NOTE(?:[ \t]|$)/.test(first)) cues.push(cueOf(block));
  }
  return { definitions, cues };
}

/**
 * A file of WebVTT as text.
 * @example
 * writeWebVtt({ definitions: [], cues: [] }); // 'WEBVTT\n'
 */
export function writeWebVtt({ definitions, cues }: WebVtt): string {
  return textOf(['WEBVTT', ...definitions, ...cues.map(cueText)]);
}

/**
 * Cuts WebVTT into files of one segment each, for HLS (draft-pantos-hls-rfc8216bis 3.1.4). A cue is in every segment in which it shows;
 * its times stay. A segment without cues is a file, too; what shows before the first or after the last boundary is in the first or
 * last segment.
 * @param boundariesSeconds where segments begin, and the end of the last: those of the video; n + 1 for n segments, ascending
 * @example
 * cutWebVtt(parseWebVtt(text), [0, 2, 4, 6, 8]).length; // 4
 */
export function cutWebVtt({ definitions, cues }: WebVtt, boundariesSeconds: readonly number[]): string[] {
  const lastIndex = boundariesSeconds.length - 2;
  return boundariesSeconds.slice(0, -1).map((startSeconds, index) => {
    const startMs = index === 0 ? Number.NEGATIVE_INFINITY : startSeconds * 1000;
    const endMs = index === lastIndex ? Number.POSITIVE_INFINITY : boundariesSeconds[index + 1] * 1000;
    const shown = cues.filter(
      ({ startMilliseconds, endMilliseconds }) =>
        // A cue of no duration is where it starts.
        startMilliseconds < endMs && (endMilliseconds > startMs || startMilliseconds >= startMs),
    );
    return textOf([`WEBVTT\n${TIMESTAMP_MAP}`, ...definitions, ...shown.map(cueText)]);
  });
}

/**
 * A time as WebVTT has it (W3C WebVTT 4.1).
 * @example
 * timestampText(3_725_004); // '01:02:05.004'
 */
export function timestampText(milliseconds: number): string {
  const pad = (value: number, digits: number) => String(Math.floor(value)).padStart(digits, '0');
  const hours = pad(milliseconds / 3_600_000, 2);
  const minutes = pad((milliseconds / 60_000) % 60, 2);
  const seconds = pad((milliseconds / 1000) % 60, 2);
  return `${hours}:${minutes}:${seconds}.${pad(milliseconds % 1000, 3)}`;
}

/**
 * Lines of a text with any line ends, without a byte order mark.
 * @example
 * textLines('\uFEFFa\r\nb'); // ['a', 'b']
 */
export function textLines(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
}

/**
 * The error for a line of a text that is not what it should be.
 * @param line from 1
 * @example
 * throw malformedText(7, 'has no times');
 */
export function malformedText(line: number, problem: string, details: ErrorDetails = {}): PrpackError {
  return malformed(`subtitles, line ${line}: ${problem}`, {
    clause: 'W3C WebVTT 4.1',
    remedy: 'Correct the line, or export the subtitles again.',
    ...details,
  });
}

interface Block {
  /** Number of the first line, from 1. */
  readonly line: number;
  readonly lines: readonly string[];
}

function blocksOf(lines: readonly string[]): Block[] {
  const blocks: { line: number; lines: string[] }[] = [];
  let isOpen = false;
  for (const [index, line] of lines.entries()) {
    if (line !== '' && !isOpen) blocks.push({ line: index + 1, lines: [line] });
    else if (line !== '') blocks.at(-1)!.lines.push(line);
    isOpen = line !== '';
  }
  return blocks;
}

function cueOf({ line, lines }: Block): Cue {
  const hasIdentifier = !lines[0].includes('-->');
  const at = hasIdentifier ? 1 : 0;
  const timings = TIMINGS.exec(lines[at] ?? '');
  if (!timings) {
    throw malformedText(line + at, 'has no times of a cue', { expected: '00:00:01.000 --> 00:00:02.000' });
  }
  const startMilliseconds = millisecondsOf(timings.slice(1, 5));
  const endMilliseconds = millisecondsOf(timings.slice(5, 9));
  if (endMilliseconds < startMilliseconds) throw malformedText(line + at, 'a cue ends before it starts');
  return {
    ...(hasIdentifier && { identifier: lines[0] }),
    startMilliseconds,
    endMilliseconds,
    settings: timings[9] ?? '',
    text: lines.slice(at + 1).join('\n'),
  };
}

/**
 * Milliseconds of hours, minutes, seconds and milliseconds as they were read.
 * @example
 * millisecondsOf(['01', '02', '05', '004']); // 3725004
 */
export function millisecondsOf([hours = '0', minutes, seconds, milliseconds]: readonly (
  | string
  | undefined
)[]): number {
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(milliseconds);
}

/** Cut out of a transport stream, times are off by what only the stream can tell. */
function assertCountsFromZero(header: readonly string[]): void {
  const map = header.find((line) => line.startsWith('X-TIMESTAMP-MAP='));
  if (map === undefined || (/MPEGTS:0(?!\d)/.test(map) && /LOCAL:(?:00:)?00:00\.000/.test(map))) return;
  throw new PrpackError(
    'UNSUPPORTED_FEATURE',
    'subtitles whose times count from a moment of an MPEG-2 stream',
    {
      received: map,
      clause: 'draft-pantos-hls-rfc8216bis 3.1.4',
      remedy: 'Give WebVTT whose times count from the start of the film.',
    },
  );
}

function cueText({ identifier, startMilliseconds, endMilliseconds, settings, text }: Cue): string {
  const timings = `${timestampText(startMilliseconds)} --> ${timestampText(endMilliseconds)}`;
  return [
    ...(identifier === undefined ? [] : [identifier]),
    settings === '' ? timings : `${timings} ${settings}`,
    ...(text === '' ? [] : [text]),
  ].join('\n');
}

function textOf(blocks: readonly string[]): string {
  return `${blocks.join('\n\n')}\n`;
}

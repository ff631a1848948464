import { type Cue, malformedText, millisecondsOf, textLines, writeWebVtt } from './webvtt.js';

const TIMESTAMP = String.raw`(\d+):([0-5]?\d):([0-5]?\d)[,.](\d{3})`;
/** Behind the times there may be coordinates, which nobody reads. */
const TIMINGS = new RegExp(String.raw`^[ \t]*${TIMESTAMP}[ \t]*-->[ \t]*${TIMESTAMP}(?:[ \t].*)?$`);

/** What WebVTT has no form of: fonts, and positions of the SSA format. */
const LOST_TAG = /<\/?font\b[^>]*>|\{\\[^}]*\}/gi;

/** Bold, italic and underlined, in both formats; as they are after everything was escaped. */
const KEPT_TAG = /&lt;(\/?[biu])&gt;/gi;

/**
 * Makes WebVTT of SubRip subtitles. Bold, italic and underlined text stays so; fonts and positions go.
 * @throws PrpackError MALFORMED_INPUT, with the line
 * @example
 * srtToWebVtt('1\n00:00:01,000 --> 00:00:02,000\nHello\n'); // 'WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n'
 */
export function srtToWebVtt(text: string): string {
  const lines = textLines(text);
  const starts = [...lines.keys()].filter((index) => TIMINGS.test(lines[index]));
  const before = lines.slice(0, starts[0] ?? lines.length).findIndex((line) => !/^\s*\d*\s*$/.test(line));
  if (before >= 0) throw malformedText(before + 1, 'is no number or time of a subtitle');
  const cues = starts.map((start, index) => cueOf(lines, start, starts[index + 1] ?? lines.length + 1));
  return writeWebVtt({ definitions: [], cues });
}

/**
 * A cue reaches up to the number of the next one: some files have blank lines in the text.
 * @param start index of the line with the times
 * @param next that of the next cue
 */
function cueOf(lines: readonly string[], start: number, next: number): Cue {
  const [, ...times] = TIMINGS.exec(lines[start])!;
  const startMilliseconds = millisecondsOf(times.slice(0, 4));
  const endMilliseconds = millisecondsOf(times.slice(4));
  if (endMilliseconds < startMilliseconds) throw malformedText(start + 1, 'a cue ends before it starts');
  const hasNumber = /^\s*\d+\s*$/.test(lines[next - 1] ?? '');
  const text = lines.slice(start + 1, hasNumber ? next - 1 : next).filter((line) => line.trim() !== '');
  return { startMilliseconds, endMilliseconds, settings: '', text: cueText(text.join('\n')) };
}

/** What WebVTT would take for something else is escaped (W3C WebVTT 4.2.2). */
function cueText(text: string): string {
  return text
    .replace(LOST_TAG, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(KEPT_TAG, (_, tag: string) => `<${tag.toLowerCase()}>`);
}

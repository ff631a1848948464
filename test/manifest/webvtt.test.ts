import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { srtToWebVtt } from '../../src/manifest/srt.js';
import { type Cue, cutWebVtt, parseWebVtt, timestampText, writeWebVtt } from '../../src/manifest/webvtt.js';

const FILE = `WEBVTT - a title

NOTE nobody reads this

STYLE
::cue { color: lime }

1
00:00.500 --> 00:02.000 align:center
First line
and second

00:00:03.000 --> 00:00:05.500
<i>Second</i>
`;

const cue = (startMilliseconds: number, endMilliseconds: number, text = 'x'): Cue => ({
  startMilliseconds,
  endMilliseconds,
  settings: '',
  text,
});

describe('parseWebVtt', () => {
  it('reads cues and definitions, and leaves comments out', () => {
    expect(parseWebVtt(FILE)).toEqual({
      definitions: ['STYLE\n::cue { color: lime }'],
      cues: [
        {
          identifier: '1',
          startMilliseconds: 500,
          endMilliseconds: 2000,
          settings: 'align:center',
          text: 'First line\nand second',
        },
        { startMilliseconds: 3000, endMilliseconds: 5500, settings: '', text: '<i>Second</i>' },
      ],
    });
  });

  it('reads any line ends, and a byte order mark', () => {
    for (const end of ['\r\n', '\r']) {
      expect(parseWebVtt(`\uFEFF${FILE.replaceAll('\n', end)}`)).toEqual(parseWebVtt(FILE));
    }
  });

  it.each([
    ['WEBVTTX\n', 1],
    ['00:01.000 --> 00:02.000\nx\n', 1],
    ['WEBVTT\n\n00:01 --> 00:02\nx\n', 3],
    ['WEBVTT\n\nname\nno times\n', 4],
    ['WEBVTT\n\nname only\n', 4],
    ['WEBVTT\n\n00:02.000 --> 00:01.000\nx\n', 3],
  ])('refuses %j by the line', (text, line) => {
    expect(() => parseWebVtt(text)).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        message: expect.stringContaining(`line ${line}:`),
      }),
    );
  });

  it('refuses times that count from a moment of a transport stream, and takes those that count from 0', () => {
    const withMap = (map: string) => FILE.replace(/^.*/, `WEBVTT\nX-TIMESTAMP-MAP=${map}`);
    expect(() => parseWebVtt(withMap('MPEGTS:900000,LOCAL:00:00:00.000'))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }),
    );
    expect(parseWebVtt(withMap('LOCAL:00:00:00.000,MPEGTS:0')).cues).toHaveLength(2);
  });
});

describe('cutWebVtt', () => {
  it('repeats what crosses a boundary, and makes a file of an empty segment', () => {
    const head = 'WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\nSTYLE\n::cue { color: lime }\n';
    const second = '\n00:00:03.000 --> 00:00:05.500\n<i>Second</i>\n';
    expect(cutWebVtt(parseWebVtt(FILE), [0, 2, 4, 6, 8])).toEqual([
      `${head}\n1\n00:00:00.500 --> 00:00:02.000 align:center\nFirst line\nand second\n`,
      head + second,
      head + second,
      head,
    ]);
  });

  it('keeps what shows outside of the boundaries', () => {
    const segments = cutWebVtt({ definitions: [], cues: [cue(500, 900), cue(9000, 9500)] }, [1, 2, 3]);
    expect(segments.map((one) => one.includes('-->'))).toEqual([true, true]);
  });

  it('has a cue of no duration where it starts', () => {
    const segments = cutWebVtt({ definitions: [], cues: [cue(2000, 2000)] }, [0, 2, 4]);
    expect(segments.map((one) => one.includes('-->'))).toEqual([false, true]);
  });

  it('has each cue in just the segments in which it shows', () => {
    const cues = fc.array(
      fc.tuple(fc.nat(20_000), fc.nat(5000)).map(([start, length]) => cue(start, start + length)),
    );
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 19_999 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(cues, cuts, (all, inner) => {
        const named = all.map((one, index) => ({ ...one, identifier: `cue ${index}` }));
        const boundaries = [0, ...inner.sort((a, b) => a - b), 30_000];
        const segments = cutWebVtt(
          { definitions: [], cues: named },
          boundaries.map((ms) => ms / 1000),
        ).map((text) => parseWebVtt(text).cues);
        expect(segments).toHaveLength(boundaries.length - 1);
        for (const one of named) {
          const expected = segments.map((_, index) => {
            const [from, to] = [boundaries[index], boundaries[index + 1]];
            // every millisecond of a cue is in some segment; without any, its start is
            const last = Math.max(one.startMilliseconds, one.endMilliseconds - 1);
            return one.startMilliseconds < to && last >= from;
          });
          const found = segments.map((shown) =>
            shown.some(({ identifier }) => identifier === one.identifier),
          );
          expect(found).toEqual(expected);
        }
      }),
    );
  });
});

describe('writeWebVtt', () => {
  it('writes what is read again as the same', () => {
    const file = parseWebVtt(FILE);
    expect(parseWebVtt(writeWebVtt(file))).toEqual(file);
    expect(timestampText(3_725_004)).toBe('01:02:05.004');
    expect(timestampText(360_000_000)).toBe('100:00:00.000');
  });
});

describe('srtToWebVtt', () => {
  it('keeps text and plain styles, and escapes the rest', () => {
    const srt = `1\r
00:00:01,000 --> 00:00:02,500  X1:100 X2:200 Y1:1 Y2:2\r
{\\an8}<font color="#ffff00"><I>Salt & pepper</I></font>\r
\r
2\r
01:00:00,000 --> 01:00:01,000\r
3 < 4\r
\r
--> next\r
\r
`;
    expect(srtToWebVtt(srt)).toBe(`WEBVTT

00:00:01.000 --> 00:00:02.500
<i>Salt &amp; pepper</i>

01:00:00.000 --> 01:00:01.000
3 &lt; 4
--&gt; next
`);
  });

  it('makes what parseWebVtt reads', () => {
    expect(parseWebVtt(srtToWebVtt('1\n00:00:01,000 --> 00:00:02,000\nHello\n')).cues).toEqual([
      cue(1000, 2000, 'Hello'),
    ]);
    expect(srtToWebVtt('')).toBe('WEBVTT\n');
  });

  it.each([
    ['Hello\n', 1],
    ['1\n00:00:02,000 --> 00:00:01,000\nHello\n', 2],
  ])('refuses %j by the line', (text, line) => {
    expect(() => srtToWebVtt(text)).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        message: expect.stringContaining(`line ${line}:`),
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { cutTtml } from '../../src/manifest/ttml.js';

const document = (inside: string, attributes = '') =>
  `<?xml version="1.0"?>\n<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ${attributes}>${inside}</tt>`;
const body = (...paragraphs: string[]) => document(`<head/><body><div>${paragraphs.join('\n')}</div></body>`);

/** In which of the segments of two seconds a text is. */
function segmentsWith(text: string, wanted = 'A'): number[] {
  const cut = cutTtml(text, [0, 2, 4, 6]);
  return [...cut.keys()].filter((i) => cut[i].includes(`>${wanted}<`));
}

describe('cutTtml', () => {
  it.each<[string, string, number[]]>([
    ['clock times', 'begin="00:00:02.500" end="00:00:03"', [1]],
    ['a time over a boundary', 'begin="00:00:01.500" end="00:00:02.001"', [0, 1]],
    ['a time up to a boundary', 'begin="00:00:00" end="00:00:02.000"', [0]],
    ['seconds and milliseconds', 'begin="2.5s" end="3900ms"', [1]],
    ['minutes and hours', 'begin="0.05m" end="0.001h"', [1]],
    ['a duration', 'begin="2s" dur="1s"', [1]],
    ['no end', 'begin="2s"', [1, 2]],
    ['no times', '', [0, 1, 2]],
    ['frames, which are somewhere in their second', 'begin="00:00:02:10" end="00:00:03:12"', [1]],
    ['frames that may reach over a boundary', 'begin="00:00:01:10" end="00:00:02:05"', [0, 1]],
    ['times that only its writer understands', 'begin="wallclock(12:00)" end="60f"', [0, 1, 2]],
    ['a time after the last boundary', 'begin="7s" end="8s"', [2]],
  ])('has a paragraph with %s where it shows', (_, times, expected) => {
    expect(segmentsWith(body(`<p ${times}>A</p>`))).toEqual(expected);
  });

  it('counts ticks', () => {
    const ticks = document('<body><div><p begin="25t" end="29t">A</p></div></body>', 'ttp:tickRate="10"');
    expect(segmentsWith(ticks)).toEqual([1]);
    expect(segmentsWith(ticks.replace('ttp:tickRate="10"', ''))).toEqual([0, 1, 2]);
  });

  it.each(['body begin="2s"', 'div timeContainer="seq"', 'div dur="9s"'])(
    'leaves paragraphs where they are when %s moves them',
    (parent) => {
      const text = body('<p begin="0s" end="1s">A</p>').replace(`<${parent.split(' ')[0]}>`, `<${parent}>`);
      expect(segmentsWith(text)).toEqual([0, 1, 2]);
    },
  );

  it('takes no comment, CDATA or other element for a paragraph, and keeps all around', () => {
    const text = body(
      '<!-- <p begin="0s" end="1s">A</p> -->',
      '<p begin="0s" end="1s" title="a > b">B<![CDATA[</p>]]></p>',
      '<p begin="3s" end="4s"/>',
      '<?p begin="0s"?>',
    );
    expect(segmentsWith(text)).toEqual([0, 1, 2]);
    expect(cutTtml(text, [0, 2, 4])[1]).toBe(text.replace(/<p begin="0s" end="1s" title.*<\/p>\n/, '\n'));
  });

  it('knows paragraphs by any prefix', () => {
    const text = `<tt:tt xmlns:tt="http://www.w3.org/ns/ttml"><tt:body><tt:div><tt:p begin="3s" end="4s">A</tt:p></tt:div></tt:body></tt:tt>`;
    expect(segmentsWith(text)).toEqual([1]);
  });

  it('takes nothing out of a document whose paragraphs are inside each other', () => {
    const text = body(
      '<p begin="0s" end="1s"><metadata><p>x</p></metadata>A</p>',
      '<p begin="0s" end="1s">B</p>',
    );
    expect(cutTtml(text, [0, 2, 4])).toEqual([text, text]);
  });

  it.each([
    ['is not well-formed', '<tt><body></tt>', /no document of TTML/],
    ['has another root', '<html/>', /root element is html/],
    ['is WebVTT', 'WEBVTT\n', /no document of TTML/],
  ])('refuses what %s', (_, text, message) => {
    expect(() => cutTtml(text, [0, 2])).toThrow(
      expect.objectContaining({ code: 'MALFORMED_INPUT', message: expect.stringMatching(message) }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv, readJsonArray, readJsonLines } from '../../../src/packager/batch/manifest.js';

const json = (...entries: object[]) => entries.map((entry) => JSON.stringify(entry)).join('\n');

describe('a manifest of JSON lines', () => {
  it('says of each job what the library takes', () => {
    const text = json({
      input: 'a.mp4',
      output: 'b.mp4',
      contentId: 'film-7',
      keyPer: 'type',
      policy: { rental: { hours: 48 } },
      tracks: ['video', 2],
      layout: 'keep',
      fragmentDurationSeconds: 4.004,
      scheme: 'cenc',
      ivSize: 16,
      systems: ['playready', 'widevine'],
      laUrl: 'https://drm.example.com/rm',
      playreadyVersion: '4.3',
      checksum: false,
    });
    expect(readJsonLines(text, 'm.jsonl')).toEqual([
      {
        input: 'a.mp4',
        output: 'b.mp4',
        contentId: 'film-7',
        settings: {
          keyPer: 'type',
          policy: { rental: { hours: 48 } },
          tracks: ['video', 2],
          layout: 'keep',
          fragmentDurationSeconds: 4.004,
          scheme: 'cenc',
          ivSize: 16,
          systems: ['playready', 'widevine'],
          playready: { laUrl: 'https://drm.example.com/rm', version: '4.3', checksum: false },
        },
      },
    ]);
  });

  it('may have a byte order mark, line ends of Windows, empty lines, and line breaks in names', () => {
    const text = `\uFEFF${JSON.stringify({ input: 'a\nb.mp4' })}\r\n\r\n{"input":"c.mp4"}\n`;
    expect(readJsonLines(text, 'm.jsonl').map(({ input }) => input)).toEqual(['a\nb.mp4', 'c.mp4']);
  });

  it.each([
    ['{"input":"a"}\n{"input":"b","laurl":"x"}', 'm.jsonl, line 2: there is no field "laurl"'],
    ['{"input":"a","constructor":1}', 'line 1: there is no field "constructor"'],
    ['{"output":"a"}', 'line 1: input: '],
    ['{"input":"a","layout":"flat"}', 'line 1: layout: '],
    ['{"input":"a","tracks":["text"]}', 'line 1: tracks.0: a track id, audio or video is needed'],
    ['{"input":"a","laUrl":"drm.example.com"}', 'line 1: laUrl: a whole http or https URL is needed'],
    ['{"input":"a"', 'line 1: it is not JSON'],
    ['"a.mp4"', 'line 1: '],
    ['null', 'line 1: '],
  ])('is refused by line and field: %s', (text, message) => {
    expect(() => readJsonLines(text, 'm.jsonl')).toThrow(message);
  });

  it('does not repeat what may be a key', () => {
    const key = '3a2a1b68dd2bd9b2eeb25e84c4776668';
    for (const text of [`{"input":"a","${key}":1}`, `{"input":"a","layout":"${key}"}`, `{"key":"${key}`]) {
      expect(() => readJsonLines(text, 'm.jsonl')).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(key) }),
      );
    }
  });
});

describe('a manifest in CSV', () => {
  it('means the same as JSON', () => {
    const csv = [
      'input,tracks,ivSize,checksum,fragmentDurationSeconds,policy,systems',
      '"a ""b"", c.mp4","video,2",16,false,4.004,"{""a"":1}",playready common',
      '"line\nbreak.mp4",,,,,,',
    ].join('\r\n');
    const lines = json(
      {
        ...{ input: 'a "b", c.mp4', tracks: ['video', 2], ivSize: 16, checksum: false },
        ...{ fragmentDurationSeconds: 4.004, policy: { a: 1 }, systems: ['playready', 'common'] },
      },
      { input: 'line\nbreak.mp4' },
    );
    expect(readCsv(csv, 'm.csv')).toEqual(readJsonLines(lines, 'm.jsonl'));
  });

  it.each([
    ['input,titel\na,b', 'm.csv, line 1: there is no field "titel" (did you mean title?)'],
    ['input,title\na,b', 'm.csv, line 2: title: one of input, title, inputs'],
    ['input,input\na,b', 'line 1: the column input is there twice'],
    ['output\nb', 'line 1: there is no column input'],
    ['input,layout\na,keep\nb', 'line 3: it has more or fewer cells than the first row'],
    ['input,layout\na,keep\nb,"keep', 'a quote is not closed'],
    ['input,ivSize\na,12', 'line 2: ivSize: '],
    ['input,checksum\na,yes', 'line 2: checksum: '],
    ['input,policy\na,rental', 'line 2: policy: '],
  ])('is refused by line and field: %j', (text, message) => {
    expect(() => readCsv(text, 'm.csv')).toThrow(message);
  });

  it('brings every name through (RFC 4180)', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
        const rows = names.map((input) => `"${input.replaceAll('"', '""')}"`);
        const read = readCsv(['input', ...rows].join('\r\n'), 'm.csv');
        expect(read.map(({ input }) => input)).toEqual(names);
      }),
    );
  });
});

describe('readJsonArray', () => {
  it('reads the same objects as a file of lines', () => {
    const text = '\uFEFF[\n {"input": "a.mp4"},\n {"input": "b.mp4", "layout": "keep"}\n]';
    const lines = '{"input":"a.mp4"}\n{"input":"b.mp4","layout":"keep"}';
    expect(readJsonArray(text, 'm.json')).toEqual(readJsonLines(lines, 'm.jsonl'));
  });

  it.each([
    ['[{"input":"a"},{"input":"b","laurl":"x"}]', 'm.json, entry 2: there is no field "laurl"'],
    ['[{"input":"a"},7]', 'm.json, entry 2: '],
    ['{"input":"a"}', 'm.json: it is not a JSON array of jobs'],
    ['[{"input":"a"}', 'm.json: it is not a JSON array of jobs'],
  ])('refuses %s', (text, message) => expect(() => readJsonArray(text, 'm.json')).toThrow(message));
});

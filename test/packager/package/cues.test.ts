import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cuesOf, readCues } from '../../../src/packager/package/cues.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const SECTION = '/DAlAAAAAAAAAP/wFAUAAAABf+/+AAAAAP4AKTLgAAEBAQAAh8SyhA==';

function read(text: string) {
  writeFileSync(temporary('cues.json'), text);
  return readCues(temporary('cues.json'));
}

describe('readCues', () => {
  it('reads cues, in the order of their times', async () => {
    const text = JSON.stringify([{ time: 600 }, { time: 0, duration: 30, id: 7, scte35: SECTION }]);
    expect(await read(text)).toEqual([
      { seconds: 0, durationSeconds: 30, id: 7, scte35: SECTION },
      { seconds: 600 },
    ]);
  });

  it.each([
    ['no JSON', '[', /it is no JSON/],
    ['no list', '{}', /it is no list/],
    ['no object in it', '[1]', /cue 1 is no object/],
    ['a field that is not known', '[{ "tim": 1 }]', /cue 1 has an unknown field tim/],
    ['no time', '[{ "id": 1 }]', /cue 1 has no time/],
    ['a time that is text', '[{ "time": "1" }]', /cue 1 has another time/],
    ['a time before the title', '[{ "time": -1 }]', /another time/],
    ['a duration of 0', '[{ "time": 1, "duration": 0 }]', /another duration/],
    ['an id of more than 32 bits', '[{ "time": 1, "id": 4294967296 }]', /another id/],
    ['a section that is none', '[{ "time": 1, "scte35": "AAAA" }]', /another scte35/],
    ['a section with a line break', `[{ "time": 1, "scte35": "/DAl\\nAA" }]`, /another scte35/],
    ['breaks that overlap', '[{ "time": 1, "duration": 5 }, { "time": 5 }]', /5 s begins before/],
    ['two at one time', '[{ "time": 1 }, { "time": 1 }]', /1 s begins before/],
  ])('refuses a file with %s', async (_, text, message) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'MALFORMED_INPUT',
      message: expect.stringMatching(message),
      details: { path: temporary('cues.json') },
    });
  });

  it('joins times with those of files', async () => {
    writeFileSync(temporary('cues.json'), '[{ "time": 600, "duration": 30 }]');
    expect(await readCues([900, temporary('cues.json'), 0])).toEqual([
      { seconds: 0 },
      { seconds: 600, durationSeconds: 30 },
      { seconds: 900 },
    ]);
    await expect(readCues([temporary('cues.json'), 610])).rejects.toMatchObject({
      code: 'MALFORMED_INPUT',
      message: expect.stringMatching(/610 s begins before that at 600 s/),
    });
  });

  it('refuses a time that is given twice', async () => {
    await expect(readCues([600, 600])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('the cue at 600 s begins before'),
    });
  });

  it('names a file that is missing', async () => {
    await expect(readCues(temporary('none.json'))).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  });
});

describe('cuesOf', () => {
  it('has events of DASH for cues with SCTE 35 alone', () => {
    const cues = [{ seconds: 1 }, { seconds: 2, durationSeconds: 0.5, scte35: SECTION }];
    const event = { id: 2, startTicks: 180_000, durationTicks: 45_000, message: SECTION, isBase64: true };
    expect(cuesOf(cues)).toEqual({
      cues,
      eventStreams: [{ schemeIdUri: 'urn:scte:scte35:2014:xml+bin', timescaleHz: 90_000, events: [event] }],
    });
    expect(cuesOf([{ seconds: 1 }])).toEqual({ cues: [{ seconds: 1 }] });
  });
});

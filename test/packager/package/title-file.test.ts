import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageTitle, readTitleFile } from '../../../src/index.js';
import { testKeys } from '../../support/jobs.js';
import { CUTS, writeLadder } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const ladder = writeLadder(temporary('ladder'));

function write(name: string, ...lines: string[]): string {
  const path = temporary(name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, lines.join('\n'));
  return path;
}

const read = (...lines: string[]) => readTitleFile(write('title.yaml', ...lines));

describe('readTitleFile', () => {
  it('gives what packageTitle takes, with paths from the folder of the file', async () => {
    const path = write(
      'titles/film.yaml',
      '# a film',
      '$schema: ../prpack.title.schema.json',
      'inputs:',
      '  - film-1080.mp4',
      '  - path: ../audio/film.m4a',
      '    lang: de-AT',
      '    role: dub',
      '    name: "Deutsch, neu"',
      '  - path: ladder',
      'outDir: ../out/film',
      'contentId: film-42',
      'keyPer: track',
      'scheme: cbcs',
      'pattern: "1:9"',
      'systems: [playready, common]',
      'fairplayUri: skd://x/{kid}',
      'addressing: segments',
      'segmentDurationSeconds: 4',
      'fragmentDurationSeconds: 2.002',
      'thumbnails: thumbs-%03d.jpg:10x10:5',
      'cues: [cues.json, 600.5]',
      'policy:',
      '  rental: { hours: 48 }',
      'laUrl: https://drm.example.com/rm',
      'checksum: false',
      'customAttributes: <A>1</A>',
    );
    expect(await readTitleFile(path)).toEqual({
      inputs: [temporary('titles/film-1080.mp4'), temporary('audio/film.m4a'), temporary('titles/ladder')],
      describe: { [temporary('audio/film.m4a')]: { lang: 'de-AT', role: 'dub', name: 'Deutsch, neu' } },
      outDir: temporary('out/film'),
      contentId: 'film-42',
      keyPer: 'track',
      scheme: 'cbcs',
      pattern: '1:9',
      systems: ['playready', 'common'],
      fairplayUri: 'skd://x/{kid}',
      addressing: 'segments',
      segmentDurationSeconds: 4,
      fragmentDurationSeconds: 2.002,
      thumbnails: temporary('titles/thumbs-%03d.jpg:10x10:5'),
      cues: [temporary('titles/cues.json'), 600.5],
      policy: { rental: { hours: 48 } },
      playready: { laUrl: 'https://drm.example.com/rm', checksum: false, customAttributes: '<A>1</A>' },
    });
  });

  it('reads JSON, with a byte order mark, tabs and line ends of Windows', async () => {
    const path = write('film.json', '\uFEFF{\r', '\t"inputs": ["a.mp4"],\r', '\t"ivSize": 16\r', '}\r');
    expect(await readTitleFile(path)).toEqual({ inputs: [temporary('a.mp4')], ivSize: 16 });
  });

  it('packages what it describes', async () => {
    const inputs = ladder.map((path, i) => (i === 2 ? { path, name: 'Deutsch' } : path));
    const path = write('whole.json', JSON.stringify({ inputs, outDir: 'whole', ...CUTS }));
    const title = await readTitleFile(path);
    const { tracks, outDir } = await packageTitle({ ...title, outDir: title.outDir!, keys: testKeys });
    expect(outDir).toBe(temporary('whole'));
    expect(tracks.find(({ id }) => id === 'audio-de')).toMatchObject({ label: 'Deutsch' });
  });

  it.each<[string, string[], string]>([
    [
      'an unknown field',
      ['inputs: [a.mp4]', '', 'shceme: cenc'],
      'line 3: there is no field "shceme" (did you mean scheme?)',
    ],
    [
      'a key',
      ['inputs: [a.mp4]', 'key: 00112233445566778899aabbccddeeff'],
      'line 2: there is no field "key"',
    ],
    ['a key source', ['inputs: [a.mp4]', 'keyFile: keys.json'], 'line 2: there is no field "keyFile"'],
    ['how work is done', ['inputs: [a.mp4]', 'force: true'], 'line 2: there is no field "force"'],
    [
      'a wrong value',
      ['inputs: [a.mp4]', 'scheme: aes'],
      'line 2: scheme: cenc or cbcs or cens or cbc1 is needed',
    ],
    ['a wrong item', ['inputs: [a.mp4]', 'systems:', '  - playready', '  - marlin'], 'line 4: systems.1: '],
    ['no inputs', ['scheme: cenc'], 'line 1: inputs: a list of paths'],
    ['inputs that are no list', ['# one', 'inputs: a.mp4'], 'line 2: inputs: a list of paths'],
    ['an input of nothing', ['inputs:', '  - a.mp4', '  - 5'], 'line 3: inputs.1: a path, or an object'],
    ['an input without path', ['inputs:', '  - a.mp4', '  - lang: de'], 'line 3: inputs.1.path: '],
    [
      'a wrong language',
      ['inputs:', '  - path: a.mp4', '    lang: german!'],
      'line 3: inputs.0.lang: a language tag',
    ],
    [
      'a wrong role',
      ['inputs:', '  - path: a.mp4', '    role: dubb'],
      'line 3: inputs.0.role: main, alternate',
    ],
    [
      'an unknown key of an input',
      ['inputs:', '  - path: a.mp4', '    lnag: de'],
      'line 3: there is no field "lnag" (did you mean lang?)',
    ],
    [
      'a described folder',
      ['inputs:', '  - path: ladder', '    lang: de'],
      'line 2: inputs.0.path: a file, ',
    ],
    ['a list', ['- inputs'], 'an object of fields is needed'],
    ['nothing', [''], 'an object of fields is needed'],
    [
      'a field that is there twice',
      ['inputs: [a.mp4]', 'scheme: cenc', 'scheme: cbcs'],
      'line 3: the field is there twice',
    ],
    ['no YAML', ['inputs: [a.mp4', 'scheme: cenc'], 'it is not YAML'],
    [
      'aliases that grow',
      [
        'a: &a [x, x, x, x, x, x, x, x, x, x]',
        ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[i]}`)}]`),
      ],
      'aliases',
    ],
  ])('refuses %s with its line', async (_, lines, message) => {
    const failure = await read(...lines).catch((error) => error);
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENT', details: { remedy: expect.any(String) } });
    expect(failure.message).toContain('title.yaml');
    expect(failure.message).toContain(message);
    expect(JSON.stringify(failure)).not.toContain('00112233445566778899aabbccddeeff');
  });

  it('refuses what is no JSON in a file of that name, a file of another name, and none', async () => {
    const code = (path: string) => readTitleFile(path).catch((error) => `${error.code}: ${error.message}`);
    expect(await code(write('loose.json', 'inputs: [a.mp4]'))).toContain('it is not JSON');
    expect(await code(write('title.toml', 'inputs = []'))).toContain('no format of title files');
    expect(await code(join(temporary('missing'), 'film.yaml'))).toContain('INPUT_NOT_FOUND');
  });
});

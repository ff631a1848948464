import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findConfigFile } from '../../src/config/find.js';
import { readConfigFile } from '../../src/config/read.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();

function file(name: string, text: string): string {
  const path = inFolder(name);
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o755 });
  writeFileSync(path, text, { mode: 0o644 });
  return path;
}

describe('findConfigFile', () => {
  it('finds the nearest file upwards', () => {
    const outer = file('outer/prpack.config.yaml', '');
    const inner = file('outer/middle/prpack.config.js', '');
    mkdirSync(inFolder('outer/middle/inner'), { recursive: true });
    expect(findConfigFile(inFolder('outer'))).toBe(outer);
    expect(findConfigFile(inFolder('outer/middle/inner'))).toBe(inner);
  });

  it('refuses two files in one directory', () => {
    file('two/prpack.config.json', '{}');
    file('two/prpack.config.yml', '');
    expect(() => findConfigFile(inFolder('two'))).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('another') }),
    );
  });
});

describe('readConfigFile', () => {
  it.each([
    ['a.json', '\uFEFF{"$schema": "x", "layout": "keep", "ivSize": 16}'],
    ['a.yaml', '# comment\nlayout: keep\nivSize: 16\n'],
    ['a.yml', '{layout: keep, ivSize: 16}'],
    ['a.mjs', 'export default { layout: "keep", ivSize: 8 + 8 };'],
  ])('reads %s', async (name, text) => {
    const path = file(name, text);
    expect(await readConfigFile(path)).toEqual({ path, settings: { layout: 'keep', ivSize: 16 } });
  });

  it('takes the names that settings had before', async () => {
    const path = file('before.json', '{"fragmentDuration": 4, "reserveLicenseStore": 10240}');
    const settings = { fragmentDurationSeconds: 4, reserveLicenseStoreBytes: 10240 };
    expect((await readConfigFile(path)).settings).toEqual(settings);
  });

  it('takes a YAML file of comments only for an empty one', async () => {
    expect((await readConfigFile(file('empty.yaml', '# nothing\n'))).settings).toEqual({});
  });

  it('takes names of files from its own directory', async () => {
    const values = {
      keyStore: 'sqlite:store/keys.sqlite',
      kekFile: '../kek',
      policy: 'policies/house.yaml',
      keyFile: '/etc/keys.json',
      cpix: 'keys.cpix',
      customAttributes: '@a.xml',
    };
    const { settings } = await readConfigFile(file('paths/config.json', JSON.stringify(values)));
    expect(settings).toEqual({
      keyStore: `sqlite:${inFolder('paths/store/keys.sqlite')}`,
      kekFile: inFolder('kek'),
      policy: inFolder('paths/policies/house.yaml'),
      keyFile: '/etc/keys.json',
      cpix: inFolder('paths/keys.cpix'),
      customAttributes: `@${inFolder('paths/a.xml')}`,
    });
    const others = {
      policy: 'rental',
      cpix: 'https://a.example/k.cpix',
      keyStore: 'https://keys.example/api',
    };
    expect((await readConfigFile(file('others.json', JSON.stringify(others)))).settings).toEqual(others);
  });

  it.each([
    [
      'an unknown setting',
      'b.json',
      '{"lauorl": "https://a.example"}',
      'no setting lauorl (did you mean laUrl?)',
    ],
    ['one that is like none', 'b.json', '{"wxyz": 1}', 'no setting wxyz'],
    ['a wrong value', 'b.json', '{"layout": "flat"}', 'layout: '],
    ['a wrong item', 'b.yaml', 'systems: [playready, marlin]', 'systems.1: '],
    ['something else than settings', 'b.json', '[]', 'the whole: '],
    ['what is not JSON', 'b.json', '{', 'it is not JSON'],
    ['what is not YAML', 'b.yaml', 'a: [', 'it is not YAML'],
    ['a script that fails', 'b.mjs', 'throw new Error("stray")', 'it cannot be loaded: stray'],
    ['a script without export', 'c.mjs', 'export const a = 1;', 'it has no default export'],
    ['another format', 'b.toml', '', 'its name says no format that is known'],
  ])('refuses %s', async (_, name, text, message) => {
    await expect(readConfigFile(file(name, text))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
      details: { remedy: expect.stringMatching(/\.$/) },
    });
  });

  it('does not repeat a key that was put in the wrong place', async () => {
    const key = '3a2a1b68dd2bd9b2eeb25e84c4776668';
    for (const text of [`{"${key}": 1}`, `{"key": "${key}"}`, `{"laUrl": "${key}"}`, `{"layout": ${key}`]) {
      const error = await readConfigFile(file('key.json', text)).catch((reason) => reason);
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(error.message + JSON.stringify(error)).not.toContain(key.slice(0, 8));
    }
  });

  it('reports a missing file', async () => {
    await expect(readConfigFile(inFolder('none.json'))).rejects.toMatchObject({
      message: expect.stringContaining('ENOENT'),
    });
  });
});

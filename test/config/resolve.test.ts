import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/read.js';
import { resolveSettings } from '../../src/config/resolve.js';

function values(settings: Settings, environment: Record<string, string> = {}, flags: string[] = []) {
  const resolved = resolveSettings({ file: { path: '/prpack.config.json', settings }, environment, flags });
  return Object.fromEntries(resolved.map(({ name, value }) => [name, value]));
}

describe('resolveSettings', () => {
  it('lets the environment outdo the file, and the command line both', () => {
    const file: Settings = { layout: 'keep', ivSize: 16, checksum: false };
    expect(values(file)).toEqual(file);
    expect(values(file, { PRPACK_LAYOUT: 'fragmented', PRPACK_IV_SIZE: '' })).toEqual({
      layout: 'fragmented',
      ivSize: 16,
      checksum: false,
    });
    expect(values(file, { PRPACK_LAYOUT: 'fragmented' }, ['layout', 'checksum'])).toEqual({ ivSize: 16 });
  });

  it('says where a setting comes from', () => {
    const layers = { file: { path: '/c.json', settings: { ivSize: 8 } as Settings }, flags: [] };
    expect(resolveSettings({ ...layers, environment: { PRPACK_LAYOUT: 'keep' } })).toEqual([
      { name: 'layout', from: 'environment', origin: 'PRPACK_LAYOUT', value: 'keep' },
      { name: 'ivSize', from: 'file', origin: '/c.json', value: 8 },
    ]);
  });

  it.each<[string, Settings, Record<string, string>, string[], object]>([
    ['a key source of the command line', { keyFile: 'k' }, { PRPACK_CPIX: 'c' }, ['playreadyTest'], {}],
    ['the key in the environment', { keySeedFile: 's' }, { PRPACK_KEY: 'x' }, [], {}],
    ['a source of the environment', { keyFile: 'k' }, { PRPACK_CPIX: 'c' }, [], { cpix: 'c' }],
    ['a registered KID', { cpix: 'c' }, {}, ['kid'], {}],
    ['the KEK in the environment', { kekFile: 'f' }, { PRPACK_KEK: 'x' }, [], {}],
    ['the header in the environment', { spekeAuth: '@f' }, { PRPACK_SPEKE_AUTH: 'x' }, [], {}],
  ])('%s ends what weaker layers said', (_, file, environment, flags, left) => {
    expect(values(file, environment, flags)).toEqual(left);
  });

  it('keeps a key seed for the KID of the command line', () => {
    expect(values({ keySeedFile: 's' }, {}, ['kid'])).toEqual({ keySeedFile: 's' });
  });
});

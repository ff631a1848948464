import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultKekPath, defaultKeyStorePath } from '../../src/keystore/paths.js';

describe('default paths', () => {
  it('follow the XDG variables', () => {
    expect(defaultKeyStorePath({ XDG_DATA_HOME: '/data' })).toBe('/data/prpack/keys.sqlite');
    expect(defaultKekPath({ XDG_CONFIG_HOME: '/config' })).toBe('/config/prpack/kek');
  });

  it.each([{}, { XDG_DATA_HOME: '', XDG_CONFIG_HOME: '' }, { XDG_DATA_HOME: 'a', XDG_CONFIG_HOME: './b' }])(
    'are in the home directory where %o says nothing absolute',
    (environment) => {
      expect(defaultKeyStorePath(environment, 'linux')).toBe(
        join(homedir(), '.local/share/prpack/keys.sqlite'),
      );
      expect(defaultKekPath(environment, 'linux')).toBe(join(homedir(), '.config/prpack/kek'));
    },
  );

  it('are the own ones of macOS and Windows', () => {
    expect(defaultKeyStorePath({}, 'darwin')).toBe(
      join(homedir(), 'Library/Application Support/prpack/keys.sqlite'),
    );
    expect(defaultKekPath({ APPDATA: '/roaming' }, 'win32')).toBe('/roaming/prpack/kek');
  });
});

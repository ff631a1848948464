import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { connectionSettings } from '../../../src/keystore/postgres/connection-settings.js';
import { readLocation } from '../../../src/keystore/postgres/location.js';
import { scratchDirectories } from '../../keys/scratch.js';

const scratch = scratchDirectories();

describe('a location on PostgreSQL', () => {
  it.each([
    [
      'postgres://anna:se%3Acret@db.example:6432/keys?sslmode=verify-full',
      'postgres://anna@db.example:6432/keys?sslmode=verify-full',
      {
        host: 'db.example',
        port: '6432',
        user: 'anna',
        password: 'se:cret',
        dbname: 'keys',
        sslmode: 'verify-full',
      },
    ],
    [
      'postgres://db/keys?password=secret',
      'postgres://db/keys',
      { host: 'db', dbname: 'keys', password: 'secret' },
    ],
    ['postgres:///keys?host=/run/pg', 'postgres:///keys?host=/run/pg', { host: '/run/pg', dbname: 'keys' }],
    ['postgres://%2Frun%2Fpg/keys', 'postgres://%2Frun%2Fpg/keys', { host: '/run/pg', dbname: 'keys' }],
    [
      'postgres://[::1]:5433/keys',
      'postgres://[::1]:5433/keys',
      { host: '::1', port: '5433', dbname: 'keys' },
    ],
    ['postgres:///?service=keys', 'postgres:///?service=keys', { service: 'keys' }],
  ])('is read, and shown without a password: %s', (text, location, given) => {
    expect(readLocation(text)).toEqual({ location, given });
  });

  it.each([
    'postgres://anna:secret@/keys',
    'postgres://anna:secret@db:port/keys',
    'postgres://anna:secret@db/keys/more',
    'postgres://anna:secret@db/keys#secret',
    'postgres://anna:%@db/keys',
    'postgres://anna:secret@db/keys?sslmodus=require',
  ])('is refused without being repeated: %s', (text) => {
    expect(() => readLocation(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.not.stringContaining('secret'),
        details: expect.objectContaining({ remedy: expect.any(String) }),
      }),
    );
  });
});

describe('settings of a connection', () => {
  const password = async (given: object, environment = {}) => {
    const settings = await connectionSettings(given, environment);
    return (settings.password as () => Promise<string>)();
  };

  it('come from the location, the service and the environment, in this order', async () => {
    const file = join(scratch(), 'services');
    writeFileSync(
      file,
      '# mine\n[other]\nhost=wrong\n\n[keys]\nhost = service.example\nuser=service\nfuture=1\n',
    );
    const environment = { PGSERVICEFILE: file, PGHOST: 'env', PGUSER: 'env', PGPORT: '7', PGDATABASE: 'env' };
    expect(await connectionSettings({ service: 'keys', user: 'given' }, environment)).toMatchObject({
      host: 'service.example',
      user: 'given',
      port: 7,
      database: 'env',
    });
    expect(await connectionSettings({}, { ...environment, PGSERVICE: 'other' })).toMatchObject({
      host: 'wrong',
    });
    await expect(connectionSettings({ service: 'none' }, environment)).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining('none'),
      details: { expected: expect.stringContaining(file), remedy: expect.any(String) },
    });
  });

  it('take the password from the first line of the password file that fits', async () => {
    const file = join(scratch(), 'pgpass');
    const lines = [
      '# *:*:*:*:no',
      'db:5432:keys:bert:no',
      'db:*:keys:anna:a\\:b\\\\c:d',
      '*:*:*:anna:late',
      '',
    ];
    writeFileSync(file, lines.join('\n'), { mode: 0o600 });
    const anna = { host: 'db', user: 'anna', dbname: 'keys' };
    expect(await password({ ...anna, passfile: file })).toBe('a:b\\c:d');
    expect(await password({ ...anna, host: 'other' }, { PGPASSFILE: file })).toBe('late');
    expect(await password({ ...anna, password: 'given' }, { PGPASSFILE: file })).toBe('given');
    expect(await password(anna, { PGPASSFILE: file, PGPASSWORD: 'env' })).toBe('env');
    await expect(password({ ...anna, user: 'carl' }, { PGPASSFILE: file })).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      details: { remedy: expect.stringContaining('db:5432:keys:carl:<password>') },
    });
  });

  it.skipIf(process.platform === 'win32')('refuse a password file that others can read', async () => {
    const file = join(scratch(), 'pgpass');
    writeFileSync(file, '*:*:*:*:secret', { mode: 0o644 });
    await expect(password({ host: 'db' }, { PGPASSFILE: file })).rejects.toMatchObject({
      code: 'KEY_INVALID',
    });
  });

  const ssl = async (given: object) => (await connectionSettings(given, {})).ssl as ConnectionOptions | false;

  it('verify the server, unless it is this machine', async () => {
    expect(await ssl({ host: 'localhost' })).toBe(false);
    expect(await ssl({ host: '/run/pg', sslmode: 'verify-full' })).toBe(false);
    expect(await ssl({ host: 'db.example' })).toEqual({});
    expect(await ssl({ host: 'db.example', sslmode: 'disable' })).toBe(false);
    expect(await ssl({ host: 'db.example', sslmode: 'require' })).toEqual({ rejectUnauthorized: false });
  });

  it('verify by the root certificate that is named', async () => {
    const file = join(scratch(), 'root.crt');
    writeFileSync(file, 'root');
    expect(await ssl({ host: 'db', sslrootcert: file })).toEqual({ ca: 'root' });
    const byAuthority = { ca: 'root', checkServerIdentity: expect.any(Function) };
    expect(await ssl({ host: 'db', sslrootcert: file, sslmode: 'verify-ca' })).toEqual(byAuthority);
    expect(await ssl({ host: 'db', sslrootcert: file, sslmode: 'require' })).toEqual(byAuthority);
    expect(await ssl({ host: 'db', sslrootcert: 'system' })).toEqual({});
    await expect(ssl({ host: 'db', sslrootcert: `${file}.not` })).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      details: { path: `${file}.not`, remedy: expect.any(String) },
    });
  });

  it.each(['prefer', 'allow', 'nonsense'])(
    'refuse the sslmode %s, which protects nobody',
    async (sslmode) => {
      await expect(ssl({ host: 'db', sslmode })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );
});

import { describe, expect, it } from 'vitest';
import {
  buildPssh,
  cpixKeySource,
  decrypt,
  type EncryptOptions,
  encrypt,
  encryptBatch,
  encryptStream,
  HttpClient,
  inspect,
  openKeyStore,
  PackagingDataKeySource,
  PrpackError,
  parsePssh,
  randomKeySource,
  readCpix,
  SpekeKeySource,
  WidevineKeySource,
} from '../../src/index.js';
import { optionsTakenBy } from '../../src/settings/check.js';
import { sample } from '../support/samples.js';

const IO = { input: sample('bars.mp4'), output: '/nowhere/out.mp4', keys: randomKeySource() };
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
type Call = (options: never) => unknown;

/** What an entry point says of options that the compiler would not let through. */
async function failureOf(call: Call, options?: unknown): Promise<PrpackError> {
  try {
    await call(options as never);
  } catch (error) {
    if (error instanceof PrpackError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('encrypt', () => {
  it.each<[string, object, string]>([
    ['a scheme that does not exist', { scheme: 'aes' }, "scheme cannot be 'aes'"],
    ['a layout that does not exist', { layout: 'dash' }, "layout cannot be 'dash'"],
    ['a slip of a layout', { layout: 'fragmentd' }, "'fragmentd' (did you mean fragmented?)"],
    ['a header option outside', { laUrl: 'https://a.example' }, 'laUrl (did you mean playready.laUrl?)'],
    ['a slip inside', { playready: { laURL: 'x' } }, 'playready.laURL (did you mean playready.laUrl?)'],
    ['a flag of the command line', { fragmentDuration: 2 }, '(did you mean fragmentDurationSeconds?)'],
    ['a key option of it', { keyFile: 'k' }, '(did you mean keys: await readKeyFile(…)?)'],
    ['a name of objects', { constructor: 1 }, 'no option constructor'],
    ['a relative URL', { playready: { laUrl: 'drm.example' } }, "playready.laUrl cannot be 'drm.example'"],
    ['a wrong item', { systems: ['playready', 'marlin'] }, "systems.1 cannot be 'marlin'"],
    ['a path for keys', { keys: 'keys.json' }, "keys cannot be 'keys.json'"],
    ['no number of threads', { threads: 0 }, "threads cannot be '0'"],
    ['a fraction of a thread', { threads: 1.5 }, "threads cannot be '1.5'"],
    ['seconds as text', { fragmentDurationSeconds: '2' }, "fragmentDurationSeconds cannot be '2'"],
    ['an IV of 12 bytes', { ivSize: 12 }, "ivSize cannot be '12'"],
    ['null', { tracks: null }, "tracks cannot be 'null'"],
    ['no input', { input: undefined }, 'encrypt: input is missing'],
  ])('refuses %s', async (_, options, message) => {
    const error = await failureOf(encrypt, { ...IO, ...options });
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
    expect(error.details.remedy).toMatch(/\.$/);
  });

  it('does not repeat what may be a key', async () => {
    for (const options of [{ [KEY]: 1 }, { layout: KEY }, { playready: { [KEY]: 1 } }, { keys: KEY }]) {
      const error = await failureOf(encrypt, { ...IO, ...options });
      expect(error.message + JSON.stringify(error)).not.toContain(KEY.slice(0, 8));
    }
  });

  it('takes options that are undefined for ones that are not given', async () => {
    const options = { ...IO, layout: undefined, playready: { laUrl: undefined } };
    expect((await failureOf(encrypt, options)).code).toBe('KEY_REQUIRED');
  });
});

describe('every entry point', () => {
  const client = new HttpClient();
  const contract = { url: 'https://a.example', client, contentId: 'c', scheme: 'cenc', systems: [] };
  it.each<[string, Call, object]>([
    ['encrypt', encrypt, IO],
    ['encryptStream', encryptStream, IO],
    ['encryptBatch', encryptBatch, { source: 'a', outDir: 'b' }],
    ['decrypt', decrypt, { ...IO, keys: { find: async () => undefined } }],
    ['inspect', inspect, { input: IO.input }],
    ['buildPssh', buildPssh, { system: 'common', keyIds: ['10000000-1000-1000-1000-100000000001'] }],
    ['parsePssh', parsePssh, { input: new Uint8Array() }],
    ['openKeyStore', openKeyStore, {}],
    ['HttpClient', (options: never) => new HttpClient(options), {}],
    ['readCpix', (options: never) => readCpix('<CPIX/>', options), {}],
    ['cpixKeySource', (options: never) => cpixKeySource({} as never, options), { name: 'keys.cpix' }],
    ['SpekeKeySource', (options: never) => new SpekeKeySource(options), contract],
    [
      'WidevineKeySource',
      (options: never) => new WidevineKeySource(options),
      { url: contract.url, client, contentId: 'c' },
    ],
    [
      'PackagingDataKeySource',
      (options: never) => new PackagingDataKeySource(options),
      { url: contract.url, client, programIdentifier: 'p' },
    ],
  ])(
    '%s refuses names that it does not know, and says which argument is wrong',
    async (name, call, options) => {
      const unknown = await failureOf(call, { ...options, wxyzwxyz: 1 });
      expect(unknown).toMatchObject({ code: 'INVALID_ARGUMENT', message: `${name} has no option wxyzwxyz` });
      expect((await failureOf(call, null)).message).toBe(`${name} takes one object of options`);
      const required = [...optionsTakenBy(name as 'encrypt')].filter(([, option]) => option.required);
      for (const [missing] of required) {
        const error = await failureOf(call, { ...options, [missing]: undefined });
        expect(error).toMatchObject({
          code: 'INVALID_ARGUMENT',
          message: `${name}: ${missing} is missing`,
          details: { remedy: expect.stringMatching(`^Give ${missing} as `) },
        });
      }
    },
  );

  it('checks what is inside its options, too', async () => {
    const batch = { source: 'a', outDir: 'b', settings: { playready: { laURL: 'x' } } };
    const message = 'settings.playready.laURL (did you mean settings.playready.laUrl?)';
    expect((await failureOf(encryptBatch, batch)).message).toContain(message);
  });
});

describe('inspect and parsePssh', () => {
  it('take an object with input, as encrypt does, and the input alone', async () => {
    const whole = await inspect({ input: IO.input, boxes: true });
    expect(await inspect(IO.input, { boxes: true })).toEqual(whole);
    const { pssh } = await buildPssh({ system: 'common', keyIds: ['10000000-1000-1000-1000-100000000001'] });
    expect(await parsePssh({ input: pssh })).toEqual(await parsePssh(pssh));
  });
});

describe('the table', () => {
  it('has the options that the types have', () => {
    // The compiler fails here when one of them is missing.
    const names: Record<keyof EncryptOptions, true> = {
      ...{ input: true, output: true, force: true, signal: true, onProgress: true, threads: true },
      ...{ keys: true, keyPer: true, keyStore: true, policy: true, keysOut: true, tracks: true },
      ...{
        layout: true,
        fragmentDurationSeconds: true,
        scheme: true,
        pattern: true,
        clearLeadSeconds: true,
        cryptoPeriodSeconds: true,
        ivSize: true,
        systems: true,
        widevineProvider: true,
        widevinePolicy: true,
      },
      ...{ decryptKeys: true, playready: true, contentId: true, extraPssh: true, dryRun: true, sha256: true },
    };
    for (const taker of ['encrypt', 'encryptStream'] as const) {
      expect([...optionsTakenBy(taker).keys()].sort()).toEqual(Object.keys(names).sort());
    }
  });
});

import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ContentKey } from '../../../src/keys/content-key.js';
import { parseKeyId } from '../../../src/keys/key-id.js';
import { retryOnKeyRace } from '../../../src/keystore/key-race.js';
import { openKeyStore } from '../../../src/keystore/open.js';
import { ContentHasKey } from '../../../src/keystore/registration-rules.js';
import { skmKekSource } from '../../../src/keystore/skm/kek-source.js';
import { KeyRaces } from '../../../src/keystore/skm/key-races.js';
import { LocalIndex } from '../../../src/keystore/skm/local-index.js';
import { SkmKeyStore } from '../../../src/keystore/skm/skm-key-store.js';
import { storedKeyLookup } from '../../../src/keystore/stored-keys.js';
import { decrypt } from '../../../src/packager/decrypt.js';
import { encrypt } from '../../../src/packager/encrypt.js';
import { fingerprintsOf } from '../../support/sample-hashes.js';
import { sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';
import { NO_KID, registration, SHA } from '../helpers.js';
import { startSkmServer, type TestSkmServer } from './skm-server.js';

const KEK = '000102030405060708090a0b0c0d0e0f';
const OTHER_KEK = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';
const temporary = temporaryFolder();

let server: TestSkmServer;
let store: SkmKeyStore;
const stores: SkmKeyStore[] = [];

function storeWith(kekHex?: string, machine = 'this', abandonedMs = 60_000): SkmKeyStore {
  const made = new SkmKeyStore({
    url: new URL(server.url),
    kek: skmKekSource(kekHex ? { PRPACK_KEK: kekHex } : {}),
    authorization: async () => undefined,
    indexPath: temporary(`${new URL(server.url).port} ${machine}/skm.sqlite`),
    retryDelayMs: 1,
    abandonedMs,
  });
  stores.push(made);
  return made;
}

const digits = (kid: string) => kid.replaceAll('-', '');
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable(),
    (error) => error,
  );

beforeEach(async () => {
  server = await startSkmServer();
  store = storeWith(KEK);
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((one) => one.close()));
  await server.close();
});

describe('new keys of a content that race to an SKM server', () => {
  const late = (more = {}) => registration({ givesWay: true, ...more });
  const findOrMake = (one: SkmKeyStore) =>
    retryOnKeyRace(async () => {
      const [held] = await one.findByContentId('movie');
      if (held) return held.record.kid;
      return (await one.register([late()]))[0]!.record.kid;
    });

  it('are one key, and the others find it', async () => {
    const racers = Array.from({ length: 5 }, () => storeWith(KEK));
    const found = await Promise.all(racers.map(findOrMake));
    expect(new Set(found).size).toBe(1);
    await expect(store.register([late()])).rejects.toThrow(ContentHasKey);
    await expect(store.register([registration({ onlyKey: true })])).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
    });
    expect(await store.register([late({ label: 'HD' }), late({ contentId: 'other' })])).toHaveLength(2);
    expect(server.requests.filter((request) => request.startsWith('POST'))).toHaveLength(3);
  });

  it('do not wait for ever for one whose process has died', async () => {
    const dead = new LocalIndex(temporary(`${new URL(server.url).port} this/skm.sqlite`), server.url);
    const gone = late();
    await dead.hold(gone, gone.kid);
    await dead.close();
    const next = storeWith(KEK, 'this', 0);
    const kid = await findOrMake(next);
    expect(kid).not.toBe(gone.kid);
    // It was only slow, and finds that it has lost.
    await expect(next.register([gone])).rejects.toThrow(ContentHasKey);
    expect((await store.findByContentId('movie'))[0]!.record.kid).toBe(kid);
  });

  it('stand back for one that gets there at the last moment', async () => {
    const slow = late();
    const index = new LocalIndex(temporary(`${new URL(server.url).port} this/skm.sqlite`), server.url);
    await index.hold(slow, slow.kid);
    let asked = 0;
    const races = new KeyRaces({
      index,
      // The other key arrives between the first look and the second.
      isThere: async (kid) => kid === slow.kid && ++asked >= 2,
      abandonedMs: 0,
    });
    await expect(races.enter(late())).rejects.toThrow(ContentHasKey);
    await expect(races.confirm(slow)).resolves.toBeUndefined();
    await index.close();
  });
});

describe('a key store behind an SKM server', () => {
  it('sends the key wrapped, with what is said of it', async () => {
    const kid = parseKeyId('4e2df6b4-5e82-57e1-87b2-802b22ae7418');
    const key = ContentKey.fromHex('a9b9033df0b9ca5447839e3d074817a0');
    const said = { label: 'HD', laUrl: 'https://la.example.com/', givesWay: true };
    await store.register([registration({ kid, key, ...said })]);
    const { info, ...sent } = JSON.parse(server.requests[0]!.split('\n').at(-1)!);
    // The example of the SKM documentation.
    expect(sent).toEqual({
      kid: '4e2df6b45e8257e187b2802b22ae7418',
      ek: '5dbd06c0056b42fe0b8cf406679620c31bd619732730433d',
      kekId: '#1.afe008a381bdac03b412a92d54b92ddf',
      contentId: 'movie',
    });
    expect(JSON.parse(info)).toMatchObject({
      algorithm: 'AESCTR',
      label: 'HD',
      source: 'random',
      laUrl: 'https://la.example.com/',
      checksum: expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/),
    });
    expect(info).not.toContain('givesWay');
    expect(server.requests[0]).toMatch(/^POST \/keys\n/);
  });

  it('gives back what was registered', async () => {
    const one = registration({ label: 'SD', policy: { minSecurityLevel: 2000 }, contentId: 'Ümlaut / "x"' });
    const [{ outcome, record }] = (await store.register([one])) as [never];
    expect(outcome).toBe('created');
    expect(record).toMatchObject({ kid: one.kid, state: 'pending', label: 'SD', contentId: one.contentId });
    const stored = (await store.get(one.kid))!;
    expect(stored.key!.equals(one.key)).toBe(true);
    expect(stored.record).toEqual({ ...(record as object), updatedAt: '2026-01-02T03:04:05.000Z' });
    expect(await store.get(NO_KID)).toBeUndefined();
    expect(await store.register([])).toEqual([]);
  });

  it('compares with the key that is there', async () => {
    const one = registration();
    await store.register([one]);
    const before = JSON.stringify([...server.objects]);
    expect(await store.register([{ ...one, contentId: 'another' }])).toMatchObject([
      { outcome: 'unchanged', record: { contentId: 'movie' } },
    ]);
    for (const other of [{ key: ContentKey.random() }, { algorithm: 'AESCBC' as const }]) {
      await expect(store.register([{ ...one, ...other }])).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    }
    expect(JSON.stringify([...server.objects])).toBe(before);
  });

  it('sends nothing when one of several keys is a conflict, with the server or among themselves', async () => {
    const held = registration();
    await store.register([held]);
    const fresh = registration();
    const rival = { ...held, key: ContentKey.random() };
    await expect(store.register([fresh, rival])).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    const twin = { ...fresh, key: ContentKey.random() };
    await expect(store.register([fresh, twin])).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    expect([...server.objects.keys()]).toEqual([digits(held.kid)]);
    expect((await store.register([fresh, held, fresh])).map(({ outcome }) => outcome)).toEqual([
      'created',
      'unchanged',
      'unchanged',
    ]);
  });

  it('takes keys of others, as SKeyMa answers', async () => {
    const one = registration();
    await store.register([one]);
    const { kid, ek } = server.objects.get(digits(one.kid))!;
    const foreign = { kid: kid.toUpperCase(), ek, kekId: 'my-kek', info: 'some comment', contentId: null };
    server.interfere = (_, response) => Boolean(response.end(JSON.stringify(foreign)));
    const stored = (await store.get(one.kid))!;
    expect(stored.key!.equals(one.key)).toBe(true);
    expect(stored.record).toMatchObject({ algorithm: 'AESCTR', source: 'skm', contentId: '' });
    expect(await store.register([one])).toMatchObject([{ outcome: 'unchanged' }]);
    server.interfere = (_, response) => Boolean(response.writeHead(400).end('Not Found'));
    expect(await store.get(one.kid)).toBeUndefined();
  });

  it('notes a publication, once the keys are there', async () => {
    const one = registration();
    await store.register([one]);
    const packager: Parameters<typeof encrypt>[0]['keyStore'] = store;
    const missing = packager!.markActive([one.kid, NO_KID], { fingerprint: SHA });
    await expect(missing).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
      message: expect.stringContaining(NO_KID),
    });
    expect((await store.get(one.kid))!.record).toMatchObject({ state: 'pending', outputs: [] });
    for (let i = 0; i < 2; i++) await packager!.markActive([one.kid], { fingerprint: SHA });
    const noted = { state: 'active', outputs: [{ fingerprint: SHA }] };
    for (const each of [store, storeWith(KEK)]) {
      expect((await each.get(one.kid))!.record).toMatchObject(noted);
      expect((await each.list({ kid: one.kid, state: 'active' })).items).toMatchObject([noted]);
    }
  });

  it('finds the keys of a content that this machine has registered', async () => {
    const [hd, sd, other] = [
      registration({ label: 'HD' }),
      registration({ label: 'SD' }),
      registration({ contentId: 'other' }),
    ];
    await store.register([hd!, sd!]);
    await store.register([other!]);
    await store.register([{ ...hd!, contentId: 'other' }]); // stays registered for the first content
    const again = storeWith(KEK);
    const found = await again.findByContentId('movie');
    expect(found.map(({ record, key }) => [record.label, record.kid, key!.revealHex()])).toEqual(
      [hd!, sd!].map(({ label, kid, key }) => [label, kid, key.revealHex()]),
    );
    expect((await again.findByContentId('other')).map(({ record }) => record.kid)).toEqual([other!.kid]);
    expect(await again.findByContentId('none')).toEqual([]);
    expect(await storeWith(KEK, 'another').findByContentId('movie')).toEqual([]);
  });

  it('lists them by page and field', async () => {
    const all = [
      ...Array.from({ length: 5 }, (_, i) => registration({ label: `${i % 2}` })),
      registration({ contentId: 'z' }),
    ];
    await store.register(all);
    const first = await store.list({}, { limit: 4 });
    const second = await store.list({}, { limit: 4, cursor: first.next! });
    expect([...first.items, ...second.items].map(({ kid }) => kid)).toEqual(all.map(({ kid }) => kid));
    expect(second.next).toBeUndefined();
    expect((await store.list({ contentId: 'movie', label: '1' })).items.map(({ kid }) => kid)).toEqual(
      [all[1]!, all[3]!].map(({ kid }) => kid),
    );
    expect((await store.list({ kid: NO_KID })).items).toEqual([]);
    expect((await store.list({ algorithm: 'AESCBC' })).items).toEqual([]);
  });

  it('passes over what a crash kept from the server', async () => {
    const one = registration();
    server.interfere = (_, response) => Boolean(response.writeHead(400).end());
    await failureOf(store.register([one]));
    server.interfere = () => false;
    expect(await store.findByContentId('movie')).toEqual([]);
    expect((await store.list()).items).toEqual([]);
    await store.register([one]);
    expect((await store.findByContentId('movie')).map(({ record }) => record.kid)).toEqual([one.kid]);
  });

  it('says what the server has no means for', async () => {
    for (const call of ['revoke', 'rewrap', 'audit'] as const) {
      await expect(store[call]()).rejects.toMatchObject({
        code: 'KEY_STORE_FAILED',
        details: { remedy: expect.any(String) },
      });
    }
    expect(server.requests).toEqual([]);
  });
});

describe('the KEK of an SKM server', () => {
  it('is never made, and nothing is sent without it', async () => {
    await expect(storeWith().register([registration()])).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
    expect(server.requests).toEqual([]);
  });

  it('has to be the one that the key is under', async () => {
    const one = registration();
    await store.register([one]);
    const stranger = storeWith(OTHER_KEK);
    for (const work of [() => stranger.get(one.kid), () => stranger.register([one])]) {
      await expect(work()).rejects.toMatchObject({
        code: 'KEY_INVALID',
        details: { expected: '#1.afe008a381bdac03b412a92d54b92ddf', remedy: expect.any(String) },
      });
    }
  });
});

describe('an SKM server that fails', () => {
  const one = registration();

  it('is asked again while it is busy', async () => {
    let count = 0;
    server.interfere = (_, response) => ++count < 3 && Boolean(response.writeHead(503).end());
    expect(await store.register([one])).toMatchObject([{ outcome: 'created' }]);
    expect(count).toBe(3);
  });

  it.each([
    [500, ''],
    [503, ''],
    [302, ''],
    [400, '{"message":"secret of the server"}'],
    [401, ''],
    [403, ''],
    [200, ''],
    [200, '<html>secret of the server'],
    [200, '[]'],
    [200, '{"kid":"secret of the server"}'],
    [200, `{"kid":"${digits(one.kid)}","ek":"${'0'.repeat(46)}"}`],
    [200, `{"kid":"${digits(one.kid)}","ek":"${'0'.repeat(46)}zz"}`],
    [200, `{"kid":"${digits(NO_KID)}","ek":"${'0'.repeat(48)}"}`],
    [201, '{}'],
    [204, ''],
  ])('is a store that failed: %i %s', async (status, body) => {
    server.interfere = (_, response) =>
      Boolean(response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body));
    const error = await failureOf(store.register([one]));
    expect(error).toMatchObject({ code: 'KEY_STORE_FAILED', details: { remedy: expect.any(String) } });
    expect(inspect(error)).not.toContain('secret of the server');
  });

  it('is not there at all', async () => {
    await server.close();
    await expect(store.get(one.kid)).rejects.toMatchObject({ code: 'KEY_STORE_FAILED' });
  });

  it.each<[string, (object: Record<string, unknown>) => Record<string, unknown>]>([
    ['the wrapped key', (object) => ({ ...object, ek: `00${(object.ek as string).slice(2)}` })],
    ['the description', (object) => ({ ...object, info: '{"checksum":1}' })],
    [
      'the checksum',
      (object) => ({
        ...object,
        info: JSON.stringify({ ...JSON.parse(object.info as string), checksum: 'AAAAAAAAAAA=' }),
      }),
    ],
  ])('is not believed when %s was changed', async (_, change) => {
    await store.register([one]);
    server.objects.set(digits(one.kid), {
      kid: '',
      ...change(server.objects.get(digits(one.kid))!),
    } as never);
    for (const work of [() => store.get(one.kid), () => store.register([one])]) {
      await expect(work()).rejects.toMatchObject({ code: 'KEY_STORE_FAILED' });
    }
  });

  it('is not believed when it says it made another key than it was sent', async () => {
    await store.register([one]);
    const other = { ...server.objects.get(digits(one.kid))!, kid: digits(NO_KID), info: null };
    server.interfere = (_, response) => Boolean(response.writeHead(201).end(JSON.stringify(other)));
    await expect(store.register([registration({ kid: NO_KID })])).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining('did not keep'),
    });
  });
});

describe('a key and the KEK', () => {
  it('are in no request, error, record or log', async () => {
    const logged = (['log', 'warn', 'error', 'info', 'debug'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(() => {}),
    );
    const one = registration();
    const rival = ContentKey.random();
    const told: unknown[] = [store, await store.register([one]), await store.get(one.kid)];
    told.push(await failureOf(store.register([{ ...one, key: rival }])));
    told.push(await failureOf(storeWith(OTHER_KEK).get(one.kid)));
    // A server that was told too much elsewhere, and repeats it.
    const object = { ...server.objects.get(digits(one.kid))!, k: one.key.revealHex(), kekId: KEK };
    for (const body of [JSON.stringify(object), `${one.key.revealHex()}${KEK}`]) {
      server.interfere = (_, response) => Boolean(response.end(body));
      told.push(await failureOf(storeWith(OTHER_KEK).get(one.kid)));
    }
    told.push(...logged.map((spy) => spy.mock.calls));
    for (const spy of logged) spy.mockRestore();
    const text = [
      ...server.requests,
      inspect(told, { depth: 20, showHidden: true, maxStringLength: null }),
      JSON.stringify(told),
    ].join('\n');
    expect(text).toContain(digits(one.kid));
    for (const secret of [one.key.revealHex(), rival.revealHex(), KEK, OTHER_KEK]) {
      const bytes = Buffer.from(secret, 'hex');
      for (const form of [
        secret,
        secret.toUpperCase(),
        bytes.toString('base64'),
        bytes.toString('base64url'),
      ])
        expect(text.includes(form)).toBe(false);
    }
  });
});

describe('openKeyStore', () => {
  it.each([
    'skm+http://keys.example.com',
    'skm+https://user:secret@keys.example.com',
    'skm+https://keys.example.com/?kek=secret',
    'skm+https:',
    'skm:',
  ])('refuses %s', (location) => {
    const opening = () => openKeyStore({ location, environment: {} });
    expect(opening).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(opening).not.toThrow(/secret/);
  });

  it('lets in with a token, at an address with a path', async () => {
    const environment = { PRPACK_KEK: KEK, PRPACK_KEY_STORE_TOKEN: 'open-sesame' };
    const opened = openKeyStore({ location: `skm+${server.url}/skm/`, environment });
    expect(opened.location).toBe(`skm+${server.url}/skm`);
    expect(await opened.get(NO_KID)).toBeUndefined();
    await opened.close();
    expect(server.requests[0]).toContain(`GET /skm/keys/${digits(NO_KID)}\n`);
    expect(server.requests[0]).toContain('Bearer open-sesame');
  });

  it('keeps the keys of an encrypted file, which decrypts with them', async () => {
    const keyStore = openKeyStore({ location: `skm+${server.url}`, environment: { PRPACK_KEK: KEK } });
    const output = temporary('out.mp4');
    const clear = temporary('clear.mp4');
    const { tracks } = await encrypt({ input: sample('bars.mp4'), output, keyStore, contentId: 'film' });
    expect([...server.objects.keys()]).toEqual([...new Set(tracks.map(({ kid }) => digits(kid!)))]);
    expect(server.objects.values().next().value).toMatchObject({ contentId: 'film' });
    await decrypt({ input: output, output: clear, keys: storedKeyLookup(keyStore) });
    expect(fingerprintsOf(output)).not.toEqual(fingerprintsOf(sample('bars.mp4')));
    expect(fingerprintsOf(clear)).toEqual(fingerprintsOf(sample('bars.mp4')));
    await keyStore.close();
  });
});

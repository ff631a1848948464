import { mkdirSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SYSTEM_IDS } from '../../src/drm/system-ids.js';
import type { KeySource } from '../../src/index.js';
import { writePssh } from '../../src/isobmff/boxes/pssh.js';
import { ContentKey } from '../../src/keys/content-key.js';
import { cpixKeySource } from '../../src/keys/cpix/key-source.js';
import { fetchCpix } from '../../src/keys/cpix/load.js';
import { writeCpix } from '../../src/keys/cpix/writer.js';
import { HttpClient } from '../../src/keys/http/client.js';
import { SecretHeader } from '../../src/keys/http/secret-header.js';
import { PackagingDataKeySource } from '../../src/keys/packaging-data/key-source.js';
import { SpekeKeySource } from '../../src/keys/speke/key-source.js';
import { WidevineKeySource } from '../../src/keys/widevine/key-source.js';
import { WidevineSigningKey } from '../../src/keys/widevine/signing-key.js';
import { certificateOf, certificateText, privateKeyOf } from '../keys/cpix/documents.js';
import { type Answer, failureOf, testServers } from '../keys/http/servers.js';
import { providerData, providerKey, providerPssh, spekeProvider, widevineServer } from '../keys/providers.js';
import { runCli, runCliJson } from '../support/cli.js';
import { sample } from '../support/samples.js';
import { expectAbsent, filesBelow } from '../support/secrets.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';

const INPUT = sample('bars.mp4');
const PASSWORD = 'Gh7-zu2w_KqX9pTlVb4N'; // of the header that lets prpack in
const AUTHORIZATION = `Basic ${Buffer.from(`packager:${PASSWORD}`).toString('base64')}`;
const hexOf = (text: string) => Buffer.from(text).toString('hex');
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

const TRACK = { trackId: 1, type: 'video', width: 640, height: 360 } as const;
const servers = testServers();
const inFolder = temporaryFolder();
const recipientKey = inFolder('recipient.key');
writeFileSync(recipientKey, certificateText('recipient.key'), { mode: 0o600 });

const HELD = providerKey('leak', 'ALL');
const OTHER = providerKey('other', 'ALL');
const SECRETS = [
  HELD.key.revealHex(),
  OTHER.key.revealHex(),
  hexOf(PASSWORD),
  hexOf(AUTHORIZATION),
  hexOf(`packager:${PASSWORD}`),
  'c3'.repeat(32),
];

/** One way to a key that a server has, and answers in which something is wrong, with the key in them. */
interface Road {
  readonly options: (url: string) => readonly string[];
  readonly variable: string;
  readonly source: (url: string, client: HttpClient) => Promise<KeySource>;
  readonly good: Answer;
  readonly bad: readonly Answer[];
}

const key64 = base64(HELD.key.revealBytes());
const send =
  (text: string, status = 200): Answer =>
  (_, response) =>
    response.writeHead(status).end(text);

/** Answers that are wrong on every road: errors that quote the key, and texts that no reader takes. */
const BAD_EVERYWHERE: readonly Answer[] = [
  send(`no such content; key was ${key64}`, 422),
  send(`<Fault>${key64} ${HELD.key.revealHex()}</Fault>`, 500),
  send(key64),
  send(`<CPIX xmlns="urn:dashif:org:cpix"><Broken key="${key64}"></CPIX>`),
];

const packagingAnswer = (pro: Uint8Array, key = key64) =>
  `<A><KeyId>${HELD.kid}</KeyId><KeyData>${key}</KeyData><Data>${base64(pro)}</Data></A>`;
const sealed = (pssh: Uint8Array) =>
  writeCpix(
    {
      recipients: [certificateOf('recipient')],
      contentKeys: [HELD],
      drmSystems: [{ systemId: SYSTEM_IDS.playready, kid: HELD.kid, pssh }],
      keyPeriods: [],
      usageRules: [],
    },
    '2.3',
  );

/** A PlayReady header that is not XML, of which a parser would quote the key. */
function quotedKey(): Uint8Array {
  const xml = Buffer.from(`<WRMHEADER ${key64}>&${HELD.key.revealHex()};`, 'utf16le');
  const object = Buffer.alloc(10 + xml.length);
  object.writeUInt32LE(object.length, 0);
  for (const [value, at] of [
    [1, 4],
    [1, 6],
    [xml.length, 8],
  ] as const)
    object.writeUInt16LE(value, at);
  xml.copy(object, 10);
  return writePssh({ systemId: SYSTEM_IDS.playready, keyIds: [], data: object });
}

const SIGNING_KEY = WidevineSigningKey.parse(`${'c3'.repeat(32)} ${'d4'.repeat(16)}`);
const widevinePssh = (key: typeof HELD) => [
  { drm_type: 'WIDEVINE', data: base64(providerData('widevine', key).data) },
];

/** A track's key is HELD, whatever its class. */
function heldKey(tracks: Record<string, unknown>[]): Record<string, unknown>[] {
  const key_id = base64(Buffer.from(HELD.kid.replaceAll('-', ''), 'hex'));
  return tracks.map((track) => ({ ...track, key_id, key: key64, pssh: widevinePssh(HELD) }));
}

const ROADS: Readonly<Record<string, Road>> = {
  speke: {
    options: (url) => ['--speke-url', url, '--key-per', 'none'],
    variable: 'PRPACK_SPEKE_AUTH',
    source: async (url, client) =>
      new SpekeKeySource({ url, client, contentId: 'leak', scheme: 'cenc', systems: [], keyPer: 'none' }),
    good: spekeProvider(),
    bad: [
      spekeProvider((answer) => ({
        ...answer,
        drmSystems: answer.drmSystems.map((system) => ({
          ...system,
          pssh: providerPssh('playready', OTHER),
        })),
      })),
      spekeProvider((answer) => ({
        ...answer,
        contentKeys: answer.contentKeys.map((entry) => ({ ...entry, commonEncryptionScheme: 'cbcs' })),
      })),
    ],
  },
  cpix: {
    options: (url) => ['--cpix', url, '--cpix-private-key', recipientKey],
    variable: 'PRPACK_CPIX_AUTH',
    source: async (url, client) =>
      cpixKeySource(await fetchCpix(url, client, { privateKey: privateKeyOf('recipient') }), { name: url }),
    good: send(sealed(providerPssh('playready', HELD))),
    bad: [
      send(sealed(providerPssh('playready', OTHER))),
      send(sealed(new Uint8Array(10))),
      send(sealed(quotedKey())),
      send(
        sealed(providerPssh('playready', HELD)).replace(
          /(<pskc:ValueMAC>)(.)/,
          (_, tag, first) => `${tag}${first === 'A' ? 'B' : 'A'}`,
        ),
      ),
    ],
  },
  'packaging-data': {
    options: (url) => ['--packaging-data-url', url],
    variable: 'PRPACK_PACKAGING_DATA_AUTH',
    source: async (url, client) => new PackagingDataKeySource({ url, client, programIdentifier: 'leak' }),
    good: send(packagingAnswer(providerData('playready', HELD).data)),
    bad: [
      send(packagingAnswer(providerData('playready', OTHER).data)),
      send(packagingAnswer(providerData('playready', HELD).data, `${key64}AAAA`)),
      send(packagingAnswer(HELD.key.revealBytes())),
    ],
  },
  widevine: {
    options: (url) => ['--widevine-key-server', url, '--key-per', 'none'],
    variable: 'PRPACK_WIDEVINE_AUTH',
    source: async (url, client) =>
      new WidevineKeySource({
        url,
        client,
        contentId: 'leak',
        keyPer: 'none',
        signer: 's',
        signingKey: SIGNING_KEY,
      }),
    good: widevineServer(heldKey),
    bad: [
      widevineServer((tracks) => heldKey(tracks).map((track) => ({ ...track, key: `${key64}AAAA` }))),
      widevineServer((tracks) => heldKey(tracks).map((track) => ({ ...track, key_id: key64.slice(4) }))),
      widevineServer((tracks) => heldKey(tracks).map((track) => ({ ...track, pssh: widevinePssh(OTHER) }))),
      send(JSON.stringify({ response: base64(Buffer.from(JSON.stringify({ status: key64 }))) })),
      send(JSON.stringify({ response: key64 })),
    ],
  },
};

/** What a command prints for people, and for programs. */
const FORMS: readonly (readonly string[])[] = [[], ['--json']];

describe.each(Object.entries(ROADS))('the key and the header of %s', (name, road) => {
  const isLeftOut = !SWEEPS && name !== Object.keys(ROADS)[0];
  const reason = isLeftOut ? ` ${BY_SWEEPS}` : '';
  it.skipIf(isLeftOut)(
    `are in no argument, report, audit, store, temporary file or output${reason}`,
    async () => {
      const folder = inFolder(name);
      for (const path of ['', '/tmp', '/data', '/config', '/out']) mkdirSync(folder + path);
      const own = {
        XDG_DATA_HOME: `${folder}/data`,
        XDG_CONFIG_HOME: `${folder}/config`,
        TMPDIR: `${folder}/tmp`,
      };
      const env = { ...own, PRPACK_KEK: '5a'.repeat(32) };
      const authorized = { ...env, [road.variable]: AUTHORIZATION };
      const said = new Map<string, Buffer>();
      const run = async (title: string, args: readonly string[], expected: number, forms = FORMS) => {
        for (const form of forms) {
          const { exitCode, stdout, stderr } = await runCli([...args, ...form], { env: authorized });
          said.set([title, ...form].join(' '), Buffer.from(stdout + stderr + args.join(' ')));
          expect([title, exitCode]).toEqual([title, expected]);
        }
      };
      const good = await servers.http(road.good);
      const output = `${folder}/out/good.mp4`;
      await run('encrypt', ['encrypt', INPUT, output, ...road.options(good.url), '--content-id', 'leak'], 0);
      expect(new Set(good.seen.map(({ headers }) => headers.authorization))).toEqual(
        new Set([AUTHORIZATION]),
      );
      for (const [i, answer] of road.bad.entries()) {
        const bad = await servers.http(answer);
        const args = [
          'encrypt',
          INPUT,
          `${folder}/out/${i}.mp4`,
          ...road.options(bad.url),
          '--content-id',
          'leak',
        ];
        // Without sweeps one form each, in turn.
        await run(`bad answer ${i}`, args, 5, SWEEPS ? FORMS : [FORMS[i % 2]!]);
      }
      await run('audit', ['keys', 'audit'], 0);
      await run('list', ['keys', 'list'], 0);
      await run('show', ['keys', 'show', HELD.kid], 0);
      await run('inspect', ['inspect', output], 0);
      await run('config', ['config'], 0);
      expect(said.get('config')!.toString()).toContain('[redacted]');
      const files = filesBelow(folder);
      expect([...files].filter(([, bytes]) => bytes.includes(HELD.kid)).length).toBeGreaterThan(0);
      expectAbsent(SECRETS, new Map([...said, ...files]));
    },
  );

  it('are in no error and none of its causes', async () => {
    const authorization = SecretHeader.parse(AUTHORIZATION, 'test');
    const told = new Map<string, Buffer>();
    for (const [i, answer] of BAD_EVERYWHERE.entries()) {
      const server = await servers.http(answer);
      const client = new HttpClient({ authorization, retries: 0 });
      const work = road.source(server.url, client).then((source) => source.assign([TRACK]));
      const { error, said } = await failureOf(work);
      told.set(`answer ${i}`, Buffer.from(said + inspect([error, client], { depth: 20, showHidden: true })));
      await client.close();
    }
    const server = await servers.http(road.good);
    const client = new HttpClient({ authorization });
    const source = await road.source(server.url, client);
    const assigned = await source.assign([TRACK]);
    expect(assigned[0]!.key.equals(ContentKey.fromHex(HELD.key.revealHex()))).toBe(true);
    const depths = { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null };
    told.set(
      'source and keys',
      Buffer.from(inspect([source, assigned, client], depths) + JSON.stringify([source, assigned])),
    );
    await client.close();
    expectAbsent(SECRETS, told);
  });
});

it('is seen by the search, where it stands', async () => {
  const { stdout } = await runCli([
    'keys',
    'add',
    '--content-id',
    'shown',
    '--kid',
    HELD.kid,
    '--key',
    HELD.key.revealHex(),
  ]);
  const shown = await runCliJson(['keys', 'show', HELD.kid, '--reveal']);
  expectAbsent(SECRETS, new Map([['add', Buffer.from(stdout)]]));
  expect(() => expectAbsent(SECRETS, new Map([['show', Buffer.from(JSON.stringify(shown))]]))).toThrow();
  writeFileSync(inFolder('key.bin'), HELD.key.revealBytes());
  expect(() => expectAbsent(SECRETS, filesBelow(inFolder('')))).toThrow();
});

import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Answer, testServers } from '../keys/http/servers.js';
import { spekeProvider, widevineServer } from '../keys/providers.js';
import { runCli, runCliJson } from '../support/cli.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const INPUT = sample('bars.mp4');
// KID, key of Microsoft's public test seed, and CHECKSUM, as published in the PlayReady documentation.
const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const CHECKSUM = '5TzIYQ2hrOY=';
const KEY_BASE64 = Buffer.from(KEY, 'hex').toString('base64');

const CPIX = `<CPIX xmlns="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc">
  <ContentKeyList><ContentKey kid="${KID}"><Data><pskc:Secret>
    <pskc:PlainValue>${KEY_BASE64}</pskc:PlainValue>
  </pskc:Secret></Data></ContentKey></ContentKeyList></CPIX>`;

const servers = testServers();
const inFolder = temporaryFolder();

/** Encrypts with these options, and returns what is registered for the content. */
async function encryptWith(name: string, options: string[], env: Record<string, string> = {}) {
  const args = ['encrypt', INPUT, inFolder(`${name}.mp4`), '--content-id', name, ...options];
  const { exitCode, json } = await runCliJson(args, { env });
  expect(json.error).toBeUndefined();
  expect(exitCode).toBe(0);
  expect(JSON.stringify(json)).not.toContain(KEY);
  return (await runCliJson(['keys', 'list', '--content-id', name])).json;
}

const sendCpix: Answer = (_, response) => response.end(CPIX);

describe('prpack encrypt --cpix', () => {
  it('takes keys from a file', async () => {
    const path = inFolder('keys.cpix');
    writeFileSync(path, CPIX);
    expect(await encryptWith('file', ['--cpix', path])).toMatchObject([
      { kid: KID, source: 'cpix', checksum: CHECKSUM, state: 'active' },
    ]);
    const clear = inFolder('clear.mp4');
    const args = ['decrypt', inFolder('file.mp4'), clear, '--cpix', path];
    expect((await runCliJson(args)).exitCode).toBe(0);
  });

  it('takes keys from a server, whose URL is not repeated', async () => {
    const server = await servers.http(sendCpix);
    await encryptWith('url', ['--cpix', `${server.url}/keys?token=secret`]);
    expect(server.seen).toMatchObject([{ method: 'GET', url: '/keys?token=secret' }]);
    const failing = await servers.http((_, response) => response.writeHead(403).end());
    const args = ['encrypt', INPUT, inFolder('x.mp4'), '--cpix', `${failing.url}/keys?token=secret`];
    const { exitCode, json } = await runCliJson(args);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 5, code: 'KEY_SOURCE_FAILED' });
    expect(json.error.message).toContain('403');
    expect(JSON.stringify(json)).not.toContain('secret');
  });
});

describe('prpack encrypt --speke-url', () => {
  const provider: Answer = (seen, response, attempt) => {
    if (seen.headers.authorization !== 'Basic c2VjcmV0') return response.writeHead(401).end();
    return spekeProvider()(seen, response, attempt);
  };

  it('asks a key provider, which the header lets in', async () => {
    const server = await servers.http(provider);
    const header = inFolder('header.txt');
    writeFileSync(header, 'Authorization: Basic c2VjcmV0\n');
    const url = `${server.url}/speke`;
    const perClass = await encryptWith('speke', ['--speke-url', url, '--speke-auth', `@${header}`]);
    expect(perClass.map(({ source }: { source: string }) => source)).toEqual(['speke', 'speke']);
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]!.body).toContain('contentId="speke"');
    const env = { PRPACK_SPEKE_AUTH: 'Basic c2VjcmV0' };
    expect(await encryptWith('one', ['--speke-url', url, '--key-per', 'none'], env)).toHaveLength(1);
  });

  it('says when it is not let in, and never the header', async () => {
    const server = await servers.http(provider);
    const args = ['encrypt', INPUT, inFolder('x.mp4'), '--speke-url', server.url, '--content-id', 'x'];
    const { exitCode, json } = await runCliJson(args, { env: { PRPACK_SPEKE_AUTH: 'Basic d3JvbmchISE=' } });
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 5, code: 'KEY_SOURCE_FAILED' });
    expect(JSON.stringify(json)).not.toContain('d3Jvbmch');
  });
});

describe('prpack encrypt --packaging-data-url', () => {
  it('asks a PlayReady server', async () => {
    const server = await servers.http((_, response) =>
      response.end(`<Answer><KeyId>${KID}</KeyId><KeyData>${KEY_BASE64}</KeyData></Answer>`),
    );
    expect(
      await encryptWith('acquired', ['--packaging-data-url', `${server.url}/rightsmanager.asmx`]),
    ).toEqual([]); // this KID is that of another content already
    expect(server.seen[0]!.body).toContain('<ProgramIdentifier>acquired</ProgramIdentifier>');
    const { json } = await runCliJson(['inspect', inFolder('acquired.mp4')]);
    expect(json.pssh[0].playready.keys[0]).toMatchObject({
      kid: KID,
      checksum: CHECKSUM,
      checksumMatches: true,
    });
  });
});

describe('prpack encrypt --widevine-key-server', () => {
  const SIGNING = `${'0123456789abcdef'.repeat(4)} ${'ab'.repeat(16)}`;
  const requestOf = (body: string) => JSON.parse(Buffer.from(JSON.parse(body).request, 'base64').toString());

  it('signs its request, and writes the data that comes with the keys', async () => {
    const server = await servers.http(widevineServer());
    const file = inFolder('signing.txt');
    writeFileSync(file, SIGNING, { mode: 0o600 });
    const signer = ['--widevine-signer', 'acme', '--widevine-policy', 'gold'];
    const options = ['--widevine-key-server', server.url, ...signer, '--scheme', 'cbcs'];
    const keys = await encryptWith('wv', [...options, '--widevine-signing-key-file', file]);
    expect(keys.map(({ source, label }: Record<string, string>) => [source, label])).toEqual([
      ['widevine', 'SD'],
      ['widevine', 'AUDIO'],
    ]);
    const [{ body }] = server.seen;
    expect(JSON.parse(body)).toMatchObject({ signer: 'acme', signature: expect.stringMatching(/^.{44}$/) });
    expect(requestOf(body)).toEqual({
      content_id: Buffer.from('wv').toString('base64'),
      policy: 'gold',
      tracks: [{ type: 'SD' }, { type: 'AUDIO' }],
      drm_types: ['WIDEVINE', 'PLAYREADY'],
      protection_scheme: 'CBCS',
    });
    const { json } = await runCliJson(['inspect', inFolder('wv.mp4')]);
    const widevine = json.pssh.filter(({ name }: { name: string }) => name === 'Widevine');
    expect(widevine.map((box: { widevine: object }) => box.widevine)).toMatchObject([
      { contentId: Buffer.from('of the provider').toString('hex') },
      { contentId: Buffer.from('of the provider').toString('hex') },
    ]);
  });

  it('asks for each crypto period, with the signing key of the environment', async () => {
    const server = await servers.http(widevineServer());
    const options = ['--widevine-key-server', server.url, '--widevine-signer', 'acme', '--key-per', 'none'];
    const rotation = ['--crypto-period', '1', '--fragment-duration', '1'];
    const env = { PRPACK_WIDEVINE_SIGNING_KEY: SIGNING };
    const keys = await encryptWith('wv-periods', [...options, ...rotation], env);
    const periods = keys.map(({ period }: { period: number }) => period).sort();
    expect(periods).toEqual([0, 1, 2, 3]); // four seconds
    const asked = server.seen.map(({ body }) => requestOf(body).first_crypto_period_index);
    expect(asked).toEqual(periods);
  });
});

describe('the header that lets prpack in', () => {
  const sendKey: Answer = (_, response) =>
    response.end(`<Answer><KeyId>${KID}</KeyId><KeyData>${KEY_BASE64}</KeyData></Answer>`);

  it.each<[string, string, string, Answer]>([
    ['--cpix', '--cpix-auth', 'PRPACK_CPIX_AUTH', sendCpix],
    ['--packaging-data-url', '--packaging-data-auth', 'PRPACK_PACKAGING_DATA_AUTH', sendKey],
    ['--speke-url', '--speke-auth', 'PRPACK_SPEKE_AUTH', spekeProvider()],
    ['--widevine-key-server', '--widevine-auth', 'PRPACK_WIDEVINE_AUTH', widevineServer()],
  ])('of %s comes from the file of %s, or from %s', async (flag, authFlag, variable, answer) => {
    const server = await servers.http(answer);
    const header = inFolder(`header${authFlag}`);
    writeFileSync(header, 'X-Api-Key: c2VjcmV0\n');
    const options = [flag, server.url, '--no-register', '--force'];
    await encryptWith(`header${flag}`, [...options, authFlag, `@${header}`]);
    // those of other servers stay at home
    const others = {
      PRPACK_SPEKE_AUTH: 'of-speke',
      PRPACK_CPIX_AUTH: 'of-cpix',
      PRPACK_PACKAGING_DATA_AUTH: 'of-data',
      PRPACK_WIDEVINE_AUTH: 'of-widevine',
    };
    await encryptWith(`header${flag}`, options, { ...others, [variable]: 'Basic c2VjcmV0' });
    expect(server.seen.map(({ headers }) => [headers['x-api-key'], headers.authorization])).toEqual([
      ['c2VjcmV0', undefined],
      [undefined, 'Basic c2VjcmV0'],
    ]);
  });

  it('goes along with decrypt and inspect, too', async () => {
    const server = await servers.http(sendCpix);
    const env = { PRPACK_CPIX_AUTH: 'Basic c2VjcmV0' };
    await encryptWith('for-decrypt', ['--cpix', server.url, '--no-register'], env);
    const encrypted = inFolder('for-decrypt.mp4');
    await runCliJson(['decrypt', encrypted, inFolder('decrypted.mp4'), '--cpix', server.url], { env });
    await runCliJson(['inspect', encrypted, '--cpix', server.url], { env });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Basic c2VjcmV0'));
  });
});

describe('servers of keys', () => {
  it.each<[string, string[], string]>([
    [
      'a server without a content id',
      ['--speke-url', 'http://127.0.0.1:1/'],
      '--speke-url is given without --content-id',
    ],
    [
      'a header on the command line',
      ['--speke-url', 'http://127.0.0.1:1/', '--speke-auth', 'Bearer abc', '--content-id', 'x'],
      "--speke-auth cannot be '[redacted]'",
    ],
    [
      'a header of packaging data on the command line',
      [
        ...['--packaging-data-url', 'http://127.0.0.1:1/', '--packaging-data-auth', 'Bearer abc'],
        ...['--content-id', 'x'],
      ],
      "--packaging-data-auth cannot be '[redacted]'",
    ],
    [
      'a header of CPIX on the command line',
      ['--cpix', 'http://127.0.0.1:1/', '--cpix-auth', 'Bearer abc'],
      "--cpix-auth cannot be '[redacted]'",
    ],
    [
      'a key for each track of SPEKE',
      ['--speke-url', 'http://127.0.0.1:1/', '--key-per', 'track', '--content-id', 'x'],
      '--key-per track and --speke-url are given together',
    ],
    [
      'a key for each track of a Widevine key server',
      ['--widevine-key-server', 'http://127.0.0.1:1/', '--key-per', 'track', '--content-id', 'x'],
      '--key-per track and --widevine-key-server are given together',
    ],
    [
      'a signer without its key',
      ['--widevine-key-server', 'http://127.0.0.1:1/', '--widevine-signer', 'acme', '--content-id', 'x'],
      'the name of a signer and its signing key belong together',
    ],
    [
      'a signer of nothing',
      ['--widevine-signer', 'acme'],
      '--widevine-signer has no effect without --widevine-key-server',
    ],
    [
      'a provider in no header',
      ['--widevine-provider', 'acme'],
      '--widevine-provider has no effect without the system widevine',
    ],
    ['two sources', ['--cpix', 'a', '--key-file', 'b'], '--key-file and --cpix are given together'],
    ['half a client certificate', ['--cpix', 'http://127.0.0.1:1/', '--tls-cert', 'a'], 'belong together'],
    ['a policy that nobody keeps', ['--policy', 'rental', '--no-register'], '--policy has no effect'],
    ['an unknown policy', ['--policy', 'rentl'], 'no policy of the name rentl'],
  ])('%s: exit 2', async (_, options, message) => {
    const { exitCode, json } = await runCliJson(['encrypt', INPUT, inFolder('x.mp4'), ...options]);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 2, code: 'INVALID_ARGUMENT' });
    expect(json.error.message).toContain(message);
  });
});

describe('policies', () => {
  it('are registered with the key, and tried with keys test-url', async () => {
    const policy = inFolder('policy.yaml');
    writeFileSync(policy, 'minSecurityLevel: 150\npersist: true\nsecureStop: true\n');
    const [{ kid, policy: kept }] = await encryptWith('policy', ['--policy', policy]);
    expect(kept).toEqual({ minSecurityLevel: 150, persist: true, secureStop: true });
    const { stdout, stderr } = await runCli(['keys', 'test-url', kid]);
    const { json } = await runCliJson(['keys', 'show', kid, '--reveal']);
    const key = Buffer.from(json.key, 'hex').toString('base64');
    const server = 'https://test.playready.microsoft.com/service/rightsmanager.asmx';
    expect(stdout).toBe(`${server}?cfg=(kid:${kid},contentkey:${key},sl:150,persist:true)\n`);
    expect(stderr).toMatch(/^warning: The key stands in the URL/);
    expect(stderr).toContain('These words of the policy cannot be given to the test server: secureStop.');
    expect(stderr).not.toContain(key);
    const other = await runCliJson(['keys', 'test-url', kid, '--policy', 'purchase']);
    expect(other.json).toMatchObject({ kid, laUrl: expect.stringContaining(',sl:2000,persist:true)') });
  });

  it('come with added keys, too', async () => {
    const { json } = await runCliJson(['keys', 'add', '--content-id', 'rented', '--policy', 'rental']);
    expect(json.policy).toMatchObject({ expireAfterFirstPlay: 172_800 });
  });
});

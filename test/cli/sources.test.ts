import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Answer, testServers } from '../keys/http/servers.js';
import { spekeProvider } from '../keys/providers.js';
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

describe('the header that lets prpack in', () => {
  const sendKey: Answer = (_, response) =>
    response.end(`<Answer><KeyId>${KID}</KeyId><KeyData>${KEY_BASE64}</KeyData></Answer>`);

  it.each<[string, string, string, Answer]>([
    ['--cpix', '--cpix-auth', 'PRPACK_CPIX_AUTH', sendCpix],
    ['--packaging-data-url', '--packaging-data-auth', 'PRPACK_PACKAGING_DATA_AUTH', sendKey],
    ['--speke-url', '--speke-auth', 'PRPACK_SPEKE_AUTH', spekeProvider()],
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

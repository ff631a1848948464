import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { decrypt, inspect } from '../../src/index.js';
import { ContentKey } from '../../src/keys/content-key.js';
import { readMovie } from '../support/mp4-reader.js';
import { fingerprints } from '../support/sample-hashes.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, toolPath } from '../support/tools.js';
import { serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();
const temporary = temporaryFolder();

/** Runs shaka-packager beside this process, which answers it. */
async function shaka(...args: string[]): Promise<void> {
  await promisify(execFile)(toolPath('shaka-packager'), ['--quiet', '--clear_lead', '0', ...args]);
}

/** The URL of a path with a token as the password: the only credentials that shaka-packager can send. */
function withToken(server: TestServer, path: string, token: string): string {
  const url = new URL(path, server.url);
  url.username = 'packager';
  url.password = token;
  return url.href;
}

/** Decrypts with the keys that the server hands out for the KIDs in the file. */
async function decryptWithServer(server: TestServer, input: string, output: string): Promise<string[]> {
  const token = await server.token('read-keys');
  const kids: string[] = [];
  const find = async (kid: string) => {
    kids.push(kid);
    const { json } = await server.fetch(`/v1/keys/${kid}/key`, { token });
    return ContentKey.fromHex(json.key);
  };
  await decrypt({ input, output, keys: { find } });
  return [...new Set(kids)];
}

function hashes(path: string, handler: 'vide' | 'soun'): string[] {
  const movie = readMovie(path);
  const track = movie.tracks.find((candidate) => candidate.handler === handler)!;
  return fingerprints(movie, track).map(({ size, md5 }) => `${size} ${md5}`);
}

describeWith(['shaka-packager'], 'shaka-packager fetches keys through AcquirePackagingData', () => {
  it('and its output decrypts with the registered key', async () => {
    const server = await start({ laUrl: 'https://drm.example.com/rightsmanager.asmx' });
    const token = await server.token('register', 'read-keys');
    const outputs = [temporary('video.mp4'), temporary('audio.mp4')];
    await shaka(
      `in=${sample('bars.mp4')},stream=video,output=${outputs[0]}`,
      `in=${sample('bars.mp4')},stream=audio,output=${outputs[1]}`,
      '--enable_playready_encryption',
      ...['--playready_server_url', withToken(server, '/playready/rightsmanager.asmx', token)],
      ...['--program_identifier', 'film-7'],
    );
    const { json } = await server.fetch('/v1/keys?contentId=film-7', { token });
    expect(json.items).toMatchObject([{ algorithm: 'AESCTR', source: 'random', state: 'pending' }]);
    const [{ kid }] = json.items;
    const inspected = await inspect(outputs[0]!);
    expect(inspected.tracks[0]!.kid).toBe(kid);
    const [pssh] = inspected.pssh;
    expect(pssh).toMatchObject({ name: 'PlayReady', keyIds: [kid] });
    expect(pssh!.playready).toMatchObject({
      laUrl: 'https://drm.example.com/rightsmanager.asmx',
      keys: [{ kid, checksum: json.items[0].checksum }],
    });
    for (const [i, handler] of (['vide', 'soun'] as const).entries()) {
      const clear = temporary(`clear-${handler}.mp4`);
      expect(await decryptWithServer(server, outputs[i]!, clear)).toEqual([kid]);
      expect(hashes(clear, handler)).toEqual(hashes(sample('bars.mp4'), handler));
    }
  });

  it('but not with a token that may not read keys', async () => {
    const server = await start();
    const token = await server.token('register');
    const job = shaka(
      `in=${sample('bars.mp4')},stream=video,output=${temporary('refused.mp4')}`,
      '--enable_playready_encryption',
      ...['--playready_server_url', withToken(server, '/playready/rightsmanager.asmx', token)],
      ...['--program_identifier', 'film-7'],
    );
    await expect(job).rejects.toThrow(/response code: 403/);
    expect((await server.fetch('/v1/keys', { token })).json.items).toEqual([]);
  });
});

describeWith(['shaka-packager'], 'shaka-packager fetches keys through the Widevine API', () => {
  const SIGNER = [
    ...['--signer', 'tester', '--aes_signing_key', '00'.repeat(32), '--aes_signing_iv', '00'.repeat(16)],
    ...['--content_id', Buffer.from('film-8').toString('hex')],
  ];

  it('and its output decrypts with the registered keys, one for each class of tracks', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const outputs = [temporary('wv-video.mp4'), temporary('wv-audio.mp4')];
    await shaka(
      `in=${sample('bars.mp4')},stream=video,output=${outputs[0]}`,
      `in=${sample('bars.mp4')},stream=audio,output=${outputs[1]}`,
      ...['--enable_widevine_encryption', '--key_server_url'],
      withToken(server, '/widevine/getcontentkey', token),
      ...SIGNER,
    );
    const { json } = await server.fetch('/v1/keys?contentId=film-8', { token });
    const kidOf = (label: string) => json.items.find((item: { label: string }) => item.label === label).kid;
    expect(json.items).toHaveLength(5);
    for (const [i, handler] of (['vide', 'soun'] as const).entries()) {
      const clear = temporary(`wv-clear-${handler}.mp4`);
      const label = handler === 'vide' ? 'SD' : 'AUDIO';
      expect(await decryptWithServer(server, outputs[i]!, clear)).toEqual([kidOf(label)]);
      expect(hashes(clear, handler)).toEqual(hashes(sample('bars.mp4'), handler));
    }
    const { pssh } = await inspect(outputs[0]!);
    expect(pssh[0]).toMatchObject({ name: 'Widevine', keyIds: expect.arrayContaining([kidOf('SD')]) });
  });

  it('and rotates them', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    await shaka(
      `in=${sample('bars.mp4')},stream=video,output=${temporary('wv-rotating.mp4')}`,
      ...['--enable_widevine_encryption', '--key_server_url'],
      withToken(server, '/widevine/getcontentkey', token),
      ...[...SIGNER, '--crypto_period_duration', '1', '--segment_duration', '1'],
    );
    const { json } = await server.fetch('/v1/keys?contentId=film-8&period=1&label=SD', { token });
    expect(json.items).toHaveLength(1);
  });
});

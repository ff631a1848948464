import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  fetchCpix,
  readCpixCertificate,
  readCpixFile,
  readCpixPrivateKey,
} from '../../../src/keys/cpix/load.js';
import { HttpClient } from '../../../src/keys/http/client.js';
import { failureOf, reply, testServers } from '../http/servers.js';
import { scratchDirectories } from '../scratch.js';
import {
  certificateOf,
  certificatePath,
  certificateText,
  cpix,
  encryptedDocument,
  KEYS,
  keyList,
  plainKey,
  spellingsOf,
} from './documents.js';

const scratch = scratchDirectories();
const servers = testServers();

function file(text: string, mode = 0o600): string {
  const path = join(scratch(), 'keys.xml');
  writeFileSync(path, text, { mode });
  return path;
}

describe('CPIX from files and servers', () => {
  it('reads a file, also with a byte order mark', async () => {
    const read = await readCpixFile(file(`\uFEFF${cpix(keyList(plainKey(0)))}`));
    expect(read.contentKeys[0].key!.revealHex()).toBe(KEYS[0]);
  });

  it('opens an encrypted file with a private key from a file', async () => {
    const privateKey = await readCpixPrivateKey(file(certificateText('recipient.key')));
    const read = await readCpixFile(file(encryptedDocument()), { privateKey });
    expect(read.contentKeys[0].key!.revealHex()).toBe(KEYS[0]);
    expect(await readCpixCertificate(certificatePath('recipient.pem'))).toEqual(certificateOf('recipient'));
  });

  it.skipIf(process.platform === 'win32')('refuses a private key that others can use', async () => {
    const path = file(certificateText('recipient.key'), 0o644);
    expect((await failureOf(readCpixPrivateKey(path))).error).toMatchObject({
      code: 'KEY_INVALID',
      details: { path, received: 'mode 0644', remedy: expect.stringContaining(`chmod 600 ${path}`) },
    });
  });

  it('names the file that is wrong, and repeats nothing of it', async () => {
    const path = file(`${cpix(keyList(plainKey(0)))}<`);
    const { error, said } = await failureOf(readCpixFile(path));
    expect(error).toMatchObject({ code: 'KEY_INVALID', message: expect.stringContaining(path) });
    for (const spelling of spellingsOf(KEYS[0])) expect(said).not.toContain(spelling);
    expect((await failureOf(readCpixFile(`${path}.no`))).error).toMatchObject({ code: 'KEY_SOURCE_FAILED' });
  });

  it('refuses what is no RSA key or certificate, without repeating it', async () => {
    const path = file(KEYS[0]);
    for (const act of [
      () => readCpixPrivateKey(path),
      () => readCpixPrivateKey(file(certificateText('client.key'))),
      () => readCpixCertificate(path),
    ]) {
      const { error, said } = await failureOf(act());
      expect(error).toMatchObject({ code: 'KEY_INVALID', details: { remedy: expect.any(String) } });
      expect(said).not.toContain(KEYS[0]);
    }
  });

  it('gets a document from a server, and names the server in errors', async () => {
    const client = new HttpClient({ retryDelayMs: 5 });
    const good = await servers.http(reply(200, cpix(keyList(plainKey(0)))));
    expect((await fetchCpix(`${good.url}/k`, client)).contentKeys).toHaveLength(1);
    for (const answer of [reply(404, KEYS[0]), reply(200, `<a>${KEYS[0]}`)]) {
      const bad = await servers.http(answer);
      const { error, said } = await failureOf(fetchCpix(`${bad.url}/k?sig=abc`, client));
      expect(error).toMatchObject({ message: expect.stringContaining(`${bad.url}/k`) });
      for (const secret of ['sig=', KEYS[0]]) expect(said).not.toContain(secret);
    }
    await client.close();
  });
});

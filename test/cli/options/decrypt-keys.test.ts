import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withDecryptKeys } from '../../../src/cli/options/decrypt-keys.js';
import * as library from '../../../src/index.js';
import { cpix, KEYS, KIDS, keyList, plainKey } from '../../keys/cpix/documents.js';
import { testServers } from '../../keys/http/servers.js';
import { temporaryFolder } from '../../support/temporary.js';

const servers = testServers();
const inFolder = temporaryFolder();
const store = library.openKeyStore({ location: `sqlite:${inFolder('keys.sqlite')}` });
const { signal } = new AbortController();
const KID = library.parseKeyId(KIDS[0]!);

const header = inFolder('header.txt');
writeFileSync(header, 'Bearer of-the-cpix-server', { mode: 0o600 });

/** A server of a CPIX document, and what it was shown. */
async function documentServer() {
  const server = await servers.http((_, response) => response.end(cpix(keyList(plainKey(0)))));
  const shown = () => server.seen.map(({ headers }) => headers.authorization);
  return { url: `${server.url}/keys`, shown };
}

describe('servers of keys of encrypted input', () => {
  it('get the header of --cpix-auth if the flag names them, and no other header', async () => {
    const [named, other] = [await documentServer(), await documentServer()];
    const flags = {
      ...{ decryptKeys: `cpix:${named.url}`, cpixAuth: `@${header}` },
      ...{ spekeUrl: 'https://speke.example/', spekeAuth: `@${header}` },
    };
    await withDecryptKeys({ flags, library, store, signal }, async ({ lookup, open }) => {
      expect((await lookup!.find(KID))!.revealHex()).toBe(KEYS[0]);
      expect((await (await open(`cpix:${other.url}`)).find(KID))!.revealHex()).toBe(KEYS[0]);
    });
    expect(named.shown()).toEqual(['Bearer of-the-cpix-server']);
    expect(other.shown()).toEqual([undefined]);
  });

  it('are asked when the first key is looked for, and once', async () => {
    const { url, shown } = await documentServer();
    const flags = { decryptKeys: `cpix:${url}` };
    await withDecryptKeys({ flags, library, store, signal }, async ({ lookup }) => {
      expect(shown()).toHaveLength(0);
      await Promise.all([lookup!.find(KID), lookup!.find(KID)]);
      expect(shown()).toHaveLength(1);
    });
  });

  it('share a header with the server of --cpix only where it is the same', async () => {
    const flags = (cpixUrl: string) => ({
      ...{ decryptKeys: 'cpix:https://a.example/old', cpix: cpixUrl, cpixAuth: `@${header}` },
    });
    const done = withDecryptKeys(
      { flags: flags('https://a.example/new'), library, store, signal },
      async () => 'done',
    );
    expect(await done).toBe('done');
    const job = withDecryptKeys(
      { flags: flags('https://b.example/new'), library, store, signal },
      async () => 'done',
    );
    await expect(job).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

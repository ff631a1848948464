import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { newKeyId } from '../../src/keys/key-id.js';
import { openKeyStore } from '../../src/keystore/open.js';
import { TokenStore } from '../../src/server/access/token-store.js';
import { KEK_HEX } from '../keystore/helpers.js';
import { runCli } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const CLIENTS = 20;
const KILL_AFTER = 150;

it('has every registration that it acknowledged, when it is killed under load', async () => {
  const location = `sqlite:${temporary('keys.sqlite')}`;
  const tokens = new TokenStore(temporary('tokens'));
  // admin: many keys of one content
  const { token } = await tokens.create({ name: 'load', scopes: ['register', 'admin'] });
  const acknowledged = new Map<string, string>();

  async function client(url: string): Promise<void> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    for (;;) {
      const kid = newKeyId();
      const key = randomBytes(16).toString('hex');
      const body = JSON.stringify({ key, contentId: 'film' });
      const { status } = await fetch(`${url}/v1/keys/${kid}`, { method: 'PUT', headers, body });
      if (status === 201) acknowledged.set(kid, key);
    }
  }

  const args = ['serve', '--port', '0', '--log-level', 'silent', '--key-store', location];
  let clients: Promise<unknown> = Promise.resolve();
  const { exitCode } = await runCli([...args, '--token-dir', tokens.directory], {
    env: { PRPACK_KEK: KEK_HEX, HOME: temporary('home') },
    onStart(child) {
      let said = '';
      child.stderr!.on('data', (part: Buffer) => {
        said += part.toString();
        const url = /Listening on (\S+)/.exec(said)?.[1];
        if (!url) return;
        said = '';
        clients = Promise.allSettled(Array.from({ length: CLIENTS }, () => client(url)));
        const watch = setInterval(() => {
          if (acknowledged.size < KILL_AFTER) return;
          clearInterval(watch);
          child.kill('SIGKILL');
        }, 1);
      });
    },
  });
  await clients;
  expect(exitCode).toBeNull();
  expect(acknowledged.size).toBeGreaterThanOrEqual(KILL_AFTER);

  const store = openKeyStore({ location, environment: { PRPACK_KEK: KEK_HEX } });
  try {
    const held = await store.findByContentId('film');
    const keyOf = new Map(held.map(({ record, key }) => [record.kid as string, key!.revealHex()]));
    for (const [kid, key] of acknowledged) expect([kid, keyOf.get(kid)]).toEqual([kid, key]);
    // What was on its way may be there, too: at most one key a client.
    expect(held.length).toBeLessThanOrEqual(acknowledged.size + CLIENTS);
  } finally {
    await store.close();
  }
});

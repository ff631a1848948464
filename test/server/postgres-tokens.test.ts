import { expect, it } from 'vitest';
import { openTokens } from '../../src/server/access/open-tokens.js';
import { TokenCache } from '../../src/server/access/token-cache.js';
import { startKeyServer } from '../../src/server/start.js';
import { KEK_HEX } from '../keystore/helpers.js';
import { runCliJson } from '../support/cli.js';
import { describeWithPostgres, POSTGRES_PASSWORD } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const GRANT = { name: 'packager', scopes: ['register', 'read-keys'] as const };

describeWithPostgres('tokens of a key store on PostgreSQL', (postgres) => {
  it('are there for everybody who opens the store, with all that is said of them', async () => {
    const location = await postgres().database();
    const [one, other] = [openTokens({ location }), openTokens({ location })];
    expect(await other.list()).toEqual([]);
    const grant = { ...GRANT, contentPrefix: 'studio/', lifetimeMs: 3_600_000 };
    const { token, record } = await one.create(grant);
    expect(await other.list()).toEqual([record]);
    expect(record).toMatchObject({ contentPrefix: 'studio/', expiresAt: expect.stringMatching(/Z$/) });
    expect(await new TokenCache(other).find(token)).toEqual(record);
    expect(
      await new TokenCache(other).find(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`),
    ).toBeUndefined();
    await one.close();
    await other.close();
  });

  it('end once, and for good', async () => {
    const location = await postgres().database();
    const tokens = openTokens({ location });
    const { record } = await tokens.create(GRANT);
    const revoked = await tokens.revoke(record.id);
    expect(revoked).toEqual({ ...record, revokedAt: expect.stringMatching(/Z$/) });
    expect(await tokens.revoke(record.id)).toEqual(revoked);
    await expect(tokens.revoke('ffffffff')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const back = 'update prpack.tokens set revoked_at = null';
    await expect(postgres().query(location, back)).rejects.toThrow('by its end alone');
    await tokens.close();
  });

  it('come to be only when they were delivered, and are kept as hashes', async () => {
    const location = await postgres().database();
    const tokens = openTokens({ location });
    const failing = tokens.create(GRANT, async () => {
      throw new Error('no room');
    });
    await expect(failing).rejects.toThrow('no room');
    expect(await tokens.list()).toEqual([]);
    const { token } = await tokens.create(GRANT);
    const rows = await postgres().query(location, 'select * from prpack.tokens');
    expect(JSON.stringify(rows)).not.toContain(token.split('_')[2]);
    await tokens.close();
  });

  it('let clients in at every server of the store, made and revoked by the command line', async () => {
    const location = await postgres().database();
    const keyStore = ['--key-store', location];
    const made = await runCliJson([
      ...['serve', 'token', 'create', '--name', 'packager', '--scope', 'register', '--scope', 'admin'],
      ...keyStore,
    ]);
    expect(made.exitCode).toBe(0);
    const open = () =>
      startKeyServer({
        host: '127.0.0.1',
        port: 0,
        store: { location, environment: { PRPACK_KEK: KEK_HEX } },
        log: { level: 'error', stream: { write: () => {} } },
      });
    const servers = await Promise.all([open(), open()]);
    try {
      const status = async (url: string) => {
        const headers = { authorization: `Bearer ${made.json.token}` };
        return (await fetch(`${url}/v1/keys`, { headers })).status;
      };
      expect(await Promise.all(servers.map(({ url }) => status(url)))).toEqual([200, 200]);
      const listed = await runCliJson(['serve', 'token', 'list', ...keyStore]);
      expect(listed.json).toMatchObject([{ id: made.json.id, name: 'packager' }]);
      expect(JSON.stringify(listed)).not.toContain(POSTGRES_PASSWORD);
      await runCliJson(['serve', 'token', 'revoke', made.json.id, ...keyStore]);
      for (const { url } of servers) await expect.poll(() => status(url), { timeout: 5000 }).toBe(401);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });

  it('stay in a directory where one is named', async () => {
    const location = await postgres().database();
    const tokens = openTokens({ location }, temporary('tokens'));
    await tokens.create(GRANT);
    await tokens.close();
    expect(await openTokens({ location }).list()).toEqual([]);
  });
});

import {
  chmodSync,
  chownSync,
  copyFileSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { rotateKekFile } from '../../../src/keystore/kek.js';
import type { KeyStore } from '../../../src/keystore/key-store.js';
import { KeyEncryptionKey } from '../../../src/keystore/key-wrap.js';
import { openKeyStore } from '../../../src/keystore/open.js';
import { MIGRATIONS } from '../../../src/keystore/postgres/migrations.js';
import { scratchDirectories } from '../../keys/scratch.js';
import { writeKekProgram } from '../../support/kek-program.js';
import { describeWithPostgres, POSTGRES_PASSWORD, POSTGRES_USER } from '../../support/postgres.js';
import { KEK_HEX, OTHER_KEK_HEX, registration, SHA } from '../helpers.js';

const scratch = scratchDirectories();
const OTHER_KEK_ID = KeyEncryptionKey.parse(OTHER_KEK_HEX, 'test').id;
const opened: KeyStore[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

function open(location: string, environment: Record<string, string> = {}): KeyStore {
  const store = openKeyStore({ location, environment: { PRPACK_KEK: KEK_HEX, ...environment } });
  opened.push(store);
  return store;
}

/** The failure of a first use. */
async function failureOf(location: string, environment: Record<string, string> = {}) {
  return open(location, environment)
    .register([registration()])
    .then(
      () => expect.unreachable(),
      (error) => error,
    );
}

describeWithPostgres('a PostgreSQL server', (postgres) => {
  const sessions = async (url: string) => {
    const sql = "select pid from pg_stat_activity where datname = $1 and application_name = 'prpack'";
    return postgres().query<{ pid: number }>(url, sql, [new URL(url).pathname.slice(1)]);
  };

  it('has the tables after the first registration, and not after questions', async () => {
    const url = await postgres().database();
    const store = open(url);
    expect([await store.list(), await store.audit()]).toEqual([{ items: [] }, { items: [] }]);
    expect(await store.get(registration().kid)).toBeUndefined();
    const none = { code: 'KEY_STORE_FAILED', message: expect.stringContaining('there is no key store') };
    await expect(store.pruneAudit('2000-01-01T00:00:00.000Z', async () => {})).rejects.toMatchObject(none);
    const schema = "select to_regnamespace('prpack') is not null as there";
    expect(await postgres().query(url, schema)).toEqual([{ there: false }]);
    await store.register([registration()]);
    expect(await postgres().query(url, schema)).toEqual([{ there: true }]);
  });

  it('may be restarted, between calls and during them, and is found again', async () => {
    const url = await postgres().database();
    const store = open(url);
    await store.register([registration()]);
    postgres().stop('immediate');
    const during = Promise.all([1, 2, 3].map(() => store.register([registration()])));
    await new Promise((resolve) => setTimeout(resolve, 300)); // so that the first attempts fail
    postgres().start();
    await during;
    postgres().stop('fast');
    postgres().start();
    expect((await store.list()).items).toHaveLength(4);
  });

  it('may end connections that are idle or at work', async () => {
    const url = await postgres().database();
    const store = open(url);
    await store.register([registration()]);
    for (const { pid } of await sessions(url)) {
      await postgres().query(url, 'select pg_terminate_backend($1)', [pid]);
    }
    await store.register([registration()]);
    expect((await store.list()).items).toHaveLength(2);
  });

  it('has one pool of a process, however many stores it opens', async () => {
    const url = await postgres().database();
    const stores = Array.from({ length: 8 }, () => open(url));
    const keys = Array.from({ length: 64 }, () => registration());
    await Promise.all(keys.map((key, i) => stores[i % 8]!.register([key])));
    expect((await sessions(url)).length).toBeLessThanOrEqual(10);
    await stores[0]!.close();
    expect((await stores[1]!.list()).items).toHaveLength(64);
  });

  it('registers a new key, and marks it active, with few round trips', async () => {
    const url = await postgres().database();
    await postgres()
      .query(url, 'create extension pg_stat_statements')
      .catch(() => {});
    const store = open(url);
    await store.register([registration()]);
    const one = registration();
    const before = await transactions(url);
    await store.register([one]);
    expect((await transactions(url)) - before).toBe(1);
    await store.markActive([one.kid], { fingerprint: SHA });
    expect((await transactions(url)) - before).toBeLessThanOrEqual(3);
  });

  /** Transactions that wrote, by the counter of transactions, which those of questions do not move. */
  async function transactions(url: string): Promise<number> {
    const sql = 'select pg_snapshot_xmax(pg_current_snapshot())::text as next';
    const [row] = await postgres().query<{ next: string }>(url, sql);
    return Number(row!.next);
  }

  it('keeps what was acknowledged in its guards', async () => {
    const url = await postgres().database();
    const store = open(url);
    await store.register([registration()]);
    const guarded: [string, RegExp][] = [
      ['update prpack.audit set actor = $$nobody$$', /append-only/],
      ['delete from prpack.audit', /append-only/],
      ['truncate prpack.audit', /append-only/],
      ['delete from prpack.keys', /never deleted/],
      ['truncate prpack.keys cascade', /never deleted/],
      ['update prpack.keys set content_id = $$mine$$', /never changes/],
      [
        'update prpack.keys set state = $$revoked$$; update prpack.keys set state = $$pending$$',
        /only moves forward/,
      ],
    ];
    for (const [sql, message] of guarded) {
      await expect(postgres().query(url, sql), sql).rejects.toThrow(message);
    }
    await store.register([registration(), registration()]);
    const double = 'update prpack.keys set holds_content = true';
    await expect(postgres().query(url, double)).rejects.toThrow(/keys_that_hold_contents/);
  });

  it('lets nobody put a key into another record', async () => {
    const url = await postgres().database();
    const store = open(url);
    const [a, b] = [registration(), registration()];
    await store.register([a, b]);
    const swap =
      'update prpack.keys set wrapped_key = (select wrapped_key from prpack.keys where kid = $1) where kid = $2';
    await postgres().query(url, swap, [b.kid, a.kid]);
    await expect(store.get(a.kid)).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining(a.kid),
    });
  });

  it('prunes the audit, and notes that', async () => {
    const url = await postgres().database();
    const store = open(url);
    await store.register([registration(), registration()]);
    const kept: number[] = [];
    const before = '9999-01-01T00:00:00.000Z';
    expect(
      await store.pruneAudit(before, async (entries) => void kept.push(...entries.map(({ id }) => id))),
    ).toBe(2);
    expect(kept).toEqual([1, 2]);
    expect((await store.audit()).items.map(({ id, operation }) => `${id} ${operation}`)).toEqual(['3 prune']);
  });

  it('serves machines with KEK files of their own while one of them rewraps', async () => {
    const url = await postgres().database();
    const [here, there] = [join(scratch(), 'kek'), join(scratch(), 'kek')];
    for (const path of [here, there]) writeFileSync(path, KEK_HEX, { mode: 0o600 });
    const openWith = (kekFile: string) => {
      const store = openKeyStore({ location: url, kekFile, environment: {} });
      opened.push(store);
      return store;
    };
    const [one, other] = [openWith(here), openWith(there)];
    const keys = [registration(), registration()];
    await one.register([keys[0]!]);
    await other.list();
    for (const path of [here, there]) writeFileSync(`${path}.next`, OTHER_KEK_HEX, { mode: 0o600 });
    expect(await rotateKekFile(here, (next) => one.rewrap(next))).toBe(1);
    await other.register([keys[1]!]);
    for (const { kid, key } of keys) {
      for (const store of [one, other]) expect((await store.get(kid))!.key!.equals(key)).toBe(true);
    }
    expect((await other.list()).items.map(({ kekId }) => kekId)).toEqual(Array(2).fill(OTHER_KEK_ID));
    renameSync(`${there}.next`, there);
    await openWith(there).register([registration()]);
  });

  it('keeps the KEK that a program has wrapped, for every machine', async () => {
    const url = await postgres().database();
    const kekCommand = writeKekProgram(join(scratch(), 'kms'));
    const machines = Array.from({ length: 4 }, () => {
      const environment = { XDG_CONFIG_HOME: scratch() };
      const store = openKeyStore({ location: url, kekCommand, environment });
      opened.push(store);
      return store;
    });
    const keys = machines.map(() => registration());
    await Promise.all(machines.map((store, i) => store.register([keys[i]!])));
    for (const { kid, key } of keys) expect((await machines[0]!.get(kid))!.key!.equals(key)).toBe(true);
    const change = "update prpack.wrapped_keks set wrapped = 'x'";
    await expect(postgres().query(url, change)).rejects.toThrow(/never change/);
  });

  it('is probed by a write', async () => {
    const url = await postgres().database();
    const store = open(url);
    await store.probe();
    const name = new URL(url).pathname.slice(1);
    await postgres().query(url, `alter database ${name} set default_transaction_read_only = on`);
    const other = open(`${url}?application_name=other`);
    expect((await other.list()).items).toEqual([]);
    await expect(other.probe()).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining('read-only'),
    });
  });

  it('is refused when a newer version made the tables', async () => {
    const url = await postgres().database();
    await open(url).register([registration()]);
    await postgres().query(url, 'insert into prpack.migrations (version) values ($1)', [
      MIGRATIONS.length + 1,
    ]);
    expect(await failureOf(`${url}?application_name=other`)).toMatchObject({
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining('newer version'),
    });
  });

  it('keeps no text with U+0000, and says so', async () => {
    const store = open(await postgres().database());
    await expect(store.register([registration({ contentId: 'a\0b' })])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('cannot keep this text'),
    });
  });

  describe('that cannot be used', () => {
    const shown = (error: Error) => inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);

    it('is named without the password', async () => {
      const url = await postgres().database();
      const at = `${postgres().host}:${postgres().port}`;
      const cases: [string, string][] = [
        [url.replace(POSTGRES_PASSWORD, `wrong-${POSTGRES_PASSWORD}`), 'refuses this user'],
        [`${url}_none`, 'is not there'],
      ];
      for (const [location, problem] of cases) {
        const error = await failureOf(location);
        expect(error).toMatchObject({ code: 'KEY_STORE_FAILED', details: { remedy: expect.any(String) } });
        expect(error.message).toContain(problem);
        expect(error.message).toContain(`postgres://${POSTGRES_USER}@${at}/`);
        expect(shown(error)).not.toContain(POSTGRES_PASSWORD);
      }
      expect(inspect(open(url), { depth: 10, showHidden: true })).not.toContain(POSTGRES_PASSWORD);
    });

    it('is given up after a while when it was never there', async () => {
      const error = await failureOf(`postgres://prpack:${POSTGRES_PASSWORD}@127.0.0.1:9/keys`);
      expect(error).toMatchObject({ code: 'KEY_STORE_FAILED', details: { retryAfterSeconds: 1 } });
      expect(error.message).toContain('cannot be reached');
      expect(shown(error)).not.toContain(POSTGRES_PASSWORD);
    });

    it('says which permission is lacking', async () => {
      const url = await postgres().database();
      await postgres().query(url, "create role guest login password 'guest'");
      const error = await failureOf(url.replace(`${POSTGRES_USER}:${POSTGRES_PASSWORD}`, 'guest:guest'));
      expect(error).toMatchObject({
        code: 'KEY_STORE_FAILED',
        details: { remedy: expect.stringContaining('schema') },
      });
    });
  });

  it('lets in by password file, service file and socket', async () => {
    const url = await postgres().database();
    const folder = scratch();
    const name = new URL(url).pathname.slice(1);
    const [passfile, services] = [join(folder, 'pgpass'), join(folder, 'services')];
    writeFileSync(passfile, `*:*:${name}:*:${POSTGRES_PASSWORD}\n`, { mode: 0o600 });
    const { host, port, socketFolder } = postgres();
    writeFileSync(services, `[keys]\nhost=${host}\nport=${port}\nuser=${POSTGRES_USER}\ndbname=${name}\n`);
    const files = { PGPASSFILE: passfile, PGSERVICEFILE: services };
    const ways = [
      open(`postgresql://${POSTGRES_USER}@${host}:${port}/${name}`, files),
      open('postgres:///?service=keys', files),
      open(`postgres:///${name}?host=${socketFolder}&port=${port}&user=${POSTGRES_USER}`),
    ];
    for (const store of ways) await store.register([registration()]);
    expect((await ways[0]!.list()).items).toHaveLength(3);
  });
});

const CERTIFICATES = join(import.meta.dirname, '../../server/certificates');

describeWithPostgres('a PostgreSQL server with TLS', (postgres) => {
  it('is verified', async () => {
    const { dataFolder } = postgres();
    for (const [from, to] of [
      ['server.pem', 'server.crt'],
      ['server.key.pem', 'server.key'],
    ] as const) {
      copyFileSync(join(CERTIFICATES, from), join(dataFolder, to));
      const { uid, gid } = statSync(dataFolder);
      chownSync(join(dataFolder, to), uid, gid);
      chmodSync(join(dataFolder, to), 0o600);
    }
    const url = await postgres().database();
    await postgres().query(url, 'alter system set ssl = on');
    postgres().stop('fast');
    postgres().start();
    const ca = join(CERTIFICATES, 'ca.pem');
    const trusted = open(`${url}?sslmode=verify-full&sslrootcert=${ca}`);
    await trusted.register([registration()]);
    const encrypted =
      "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'prpack'";
    expect(await postgres().query(url, encrypted)).toEqual([{ ssl: true }]);
    await open(`${url}?sslmode=require`).list();
    const untrusted = { code: 'KEY_STORE_FAILED', message: expect.stringContaining('not trusted') };
    expect(await failureOf(`${url}?sslmode=verify-full`)).toMatchObject(untrusted);
    // The address of the certificate, by a name that it does not have.
    const misnamed = `${url.replace('@127.0.0.1:', '@127.1:')}?sslrootcert=${ca}&sslmode=`;
    expect(await failureOf(`${misnamed}verify-full`)).toMatchObject(untrusted);
    await open(`${misnamed}verify-ca`).list();
  });

  it('knows clients by their certificates', async () => {
    const { dataFolder } = postgres();
    const url = await postgres().database();
    const owner = statSync(dataFolder);
    const put = (name: string, text: string | Buffer) => {
      writeFileSync(join(dataFolder, name), text, { mode: 0o600 });
      chownSync(join(dataFolder, name), owner.uid, owner.gid);
    };
    put('clients.crt', readFileSync(join(CERTIFICATES, 'ca.pem')));
    put('pg_ident.conf', `clients packager ${POSTGRES_USER}\n`);
    const rules = readFileSync(join(dataFolder, 'pg_hba.conf'), 'utf8');
    put(
      'pg_hba.conf',
      `hostssl ${new URL(url).pathname.slice(1)} all 127.0.0.1/32 cert map=clients\n${rules}`,
    );
    await postgres().query(postgres().url('postgres'), "alter system set ssl_ca_file = 'clients.crt'");
    postgres().stop('fast');
    postgres().start();
    const keyOf = (name: string) => {
      const path = join(scratch(), 'client.key');
      copyFileSync(join(CERTIFICATES, `${name}.key.pem`), path);
      chmodSync(path, 0o600);
      return path;
    };
    const nobody = new URL(url);
    nobody.password = '';
    const location = (name: string) =>
      `${nobody}?sslrootcert=${CERTIFICATES}/ca.pem&sslmode=verify-full&sslcert=${CERTIFICATES}/${name}.pem&sslkey=${keyOf(name)}`;
    expect((await open(location('packager')).register([registration()]))[0]!.outcome).toBe('created');
    const refused = { code: 'KEY_STORE_FAILED', message: expect.stringContaining('refuses this user') };
    expect(await failureOf(location('stranger'))).toMatchObject(refused);
  });
});

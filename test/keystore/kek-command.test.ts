import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createKekFile, kekSource, moveKekToFile } from '../../src/keystore/kek.js';
import { createKekByCommand } from '../../src/keystore/kek-command.js';
import { createByProgram, openByProgram } from '../../src/keystore/kek-program.js';
import { openKeyStore } from '../../src/keystore/open.js';
import { scratchDirectories } from '../keys/scratch.js';
import { questionsTo, writeKekProgram } from '../support/kek-program.js';
import { describeWithPostgres } from '../support/postgres.js';
import { ROOT } from '../support/samples.js';
import { KEK_HEX, registration, storeIn, tamper } from './helpers.js';

const scratch = scratchDirectories();
const operations = (program: string) => questionsTo(program).map(({ operation }) => operation);

/** A store of a new folder, with its program. */
function commanded(fault = '') {
  const directory = scratch();
  const program = writeKekProgram(join(directory, 'kms'), fault);
  const environment = { XDG_CONFIG_HOME: join(directory, 'config'), PRPACK_KEY: '11'.repeat(16) };
  const open = (kekCommand: string | undefined = program, more = {}) =>
    storeIn(directory, kekSource({ ...environment, ...more }, kekCommand ? { kekCommand } : {}));
  return { directory, program, environment, open };
}

describe('a KEK command', () => {
  it('wraps the KEK of a new store, and opens it once for a process', async () => {
    const { directory, program, open } = commanded();
    const store = open();
    const keys = Array.from({ length: 20 }, () => registration());
    await store.register(keys.slice(0, 10));
    await store.register(keys.slice(10));
    expect(operations(program)).toEqual(['wrap', 'unwrap']);
    const another = open();
    const found = await Promise.all(keys.map(({ kid }) => another.get(kid)));
    expect(found.every((stored, i) => stored!.key!.equals(keys[i]!.key))).toBe(true);
    expect(operations(program)).toEqual(['wrap', 'unwrap', 'unwrap']);
    expect(readdirSync(directory).sort()).toEqual(['kms', 'kms.log', 'store']); // no KEK file
    await store.close();
    await another.close();
  });

  it('gets no arguments, and no secret of the environment', async () => {
    const { program, open } = commanded();
    const store = open(program, { PRPACK_KEK: KEK_HEX });
    await store.register([registration()]);
    for (const { args, secret, kekId } of questionsTo(program)) {
      expect({ args, secret }).toEqual({ args: [] });
      expect(kekId).toMatch(/^[0-9a-f]{16}$/);
    }
    await store.close();
  });

  it('is asked for by those who do not name it', async () => {
    const { open } = commanded();
    const store = open();
    const one = registration();
    await store.register([one]);
    const without = open('');
    const told = { code: 'KEY_REQUIRED', details: { remedy: expect.stringContaining('kekCommand') } };
    await expect(without.get(one.kid)).rejects.toMatchObject(told);
    await expect(without.register([registration()])).rejects.toMatchObject(told);
    await store.close();
    await without.close();
  });

  it('makes one KEK for stores that are used by many at once', async () => {
    const { open } = commanded();
    const stores = Array.from({ length: 4 }, () => open());
    const keys = stores.map(() => registration());
    await Promise.all(stores.map((store, i) => store.register([keys[i]!])));
    const { items } = await stores[0]!.list();
    expect(new Set(items.map(({ kekId }) => kekId)).size).toBe(1);
    for (const { kid, key } of keys) expect((await stores[3]!.get(kid))!.key!.equals(key)).toBe(true);
    for (const store of stores) await store.close();
  });

  it('is kept as it is: nobody changes or removes what it wrapped', async () => {
    const { directory, open } = commanded();
    const store = open();
    await store.register([registration()]);
    await store.close();
    expect(() => tamper(directory, "update wrapped_keks set wrapped = 'x'")).toThrow('never change');
    expect(() => tamper(directory, 'delete from wrapped_keks')).toThrow('never deleted');
  });
});

describe('a KEK command that fails', () => {
  it.each([
    [
      'fails',
      "console.error('the service is away'); process.exit(3);",
      'failed with exit code 3, asked to wrap',
    ],
    ['says why', "console.error('the service\\n is away'); process.exit(3);", 'It says: the service is away'],
    ['dies', "process.kill(process.pid, 'SIGTERM');", 'was ended by SIGTERM'],
    ['answers without JSON', "console.log('yes'); process.exit();", 'did not answer as it should'],
    ['answers in another version', 'answer.version = 2;', 'did not answer as it should'],
    ['answers with too much', "answer.more = 'x'.repeat(70000);", 'answered with too much'],
    ['cannot open', "if (question.operation === 'unwrap') process.exit(1);", 'asked to unwrap'],
  ])('is an error where it %s, and no store is made', async (_, fault, message) => {
    const { directory, open } = commanded(fault);
    const store = open();
    await expect(store.register([registration()])).rejects.toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining(message),
      details: { remedy: expect.stringContaining('kekCommand') },
    });
    expect(readdirSync(directory)).not.toContain('store');
    await store.close();
  });

  it('is asked again after a failure', async () => {
    const { directory, program, open } = commanded();
    const store = open();
    const one = registration();
    await store.register([one]);
    await store.close();
    const later = open();
    writeKekProgram(program, 'process.exit(1);');
    await expect(later.get(one.kid)).rejects.toMatchObject({ code: 'KEY_SOURCE_FAILED' });
    writeKekProgram(program);
    expect((await later.get(one.kid))!.key!.equals(one.key)).toBe(true);
    await later.close();
    expect(readdirSync(directory)).toContain('store');
  });

  it.each(['answer.key = Buffer.alloc(32).toString("base64");', 'answer.key = "c2hvcnQ=";'])(
    'opens nothing with another KEK: %s',
    async (fault) => {
      const { open } = commanded(`if (question.operation === 'unwrap') { ${fault} }`);
      const store = open();
      const error = await store.register([registration()]).catch((thrown) => thrown);
      expect(['KEY_INVALID', 'KEY_SOURCE_FAILED']).toContain(error.code);
      await store.close();
    },
  );

  it.each([
    ['as it came', 'question.key'],
    ['in hexadecimal digits', "Buffer.from(question.key, 'base64').toString('hex')"],
    ['in an assignment', "'key=' + question.key"],
    ['with colons', "Buffer.from(question.key, 'base64').toString('hex').match(/../g).join(':')"],
    ['opened', 'answer.key'],
  ])('has no key repeated that it writes to standard error: %s', async (_, text) => {
    const shown = `console.error('key', ${text}, 'end'); require('fs').writeFileSync(process.argv[1] + '.key', Buffer.from(${text} ?? ''));`;
    const { program, open } = commanded(`if (${text}) { ${shown} process.exit(1); }`);
    const store = open();
    const error = await store.register([registration()]).catch((thrown) => thrown);
    expect(error.message).toMatch(/It says: key (key=)?\[redacted\] end$/);
    const secret = readFileSync(`${program}.key`, 'utf8').replace('key=', '');
    expect(secret.length).toBeGreaterThan(40);
    expect(JSON.stringify(error)).not.toContain(secret);
    await store.close();
  });

  it('cannot be run, or be changed by everybody', async () => {
    const directory = scratch();
    const program = writeKekProgram(join(directory, 'kms'));
    const told = (code: string, message: string) => ({ code, message: expect.stringContaining(message) });
    await expect(createKekByCommand(join(directory, 'none'), {})).rejects.toMatchObject(
      told('KEY_SOURCE_FAILED', 'cannot be run (ENOENT)'),
    );
    chmodSync(program, 0o644);
    await expect(createKekByCommand(program, {})).rejects.toMatchObject(
      told('KEY_SOURCE_FAILED', 'cannot be run (EACCES)'),
    );
    chmodSync(program, 0o777);
    await expect(createKekByCommand(program, {})).rejects.toMatchObject(
      told('KEY_INVALID', 'everybody can change'),
    );
    expect(questionsTo(program)).toEqual([]);
  });

  it('has its time, and is then ended with what it started', async () => {
    const directory = scratch();
    const program = writeKekProgram(
      join(directory, 'kms'),
      "require('node:child_process').spawnSync('sleep', ['600'], { stdio: 'inherit' });",
    );
    await expect(createByProgram(program, process.env, 300)).rejects.toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining('took longer than 0.3 seconds'),
    });
  });

  it('has no use with an SKM server', () => {
    const options = { location: 'skm+https://skm.example', kekCommand: '/bin/kms', environment: {} };
    expect(() => openKeyStore(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('a rewrap', () => {
  it('moves the KEK from a file to a KEK command and back, while others read and write', async () => {
    const { directory, program, environment, open } = commanded();
    const kekFile = join(directory, 'kek');
    await createKekFile(kekFile);
    const early = storeIn(directory, kekSource(environment, { kekFile }));
    const keys = [registration(), registration()];
    await early.register(keys);
    await early.close();

    // What a server is started with before the change.
    const server = storeIn(directory, kekSource(environment, { kekFile, kekCommand: program }));
    const roundTrip = async () => {
      keys.push(registration());
      await server.register([keys.at(-1)!]);
      for (const { kid, key } of keys) expect((await server.get(kid))!.key!.equals(key)).toBe(true);
    };
    const kekIds = async () => new Set((await server.list()).items.map(({ kekId }) => kekId));
    await roundTrip();

    const mover = storeIn(directory, kekSource(environment, { kekFile, kekCommand: program }));
    const kept = await createKekByCommand(program, environment);
    expect(await mover.rewrap(kept)).toBe(3);
    await roundTrip();
    expect(await kekIds()).toEqual(new Set([kept.id]));
    const withCommandAlone = open();
    for (const { kid, key } of keys) expect((await withCommandAlone.get(kid))!.key!.equals(key)).toBe(true);
    await withCommandAlone.close();

    const back = storeIn(directory, kekSource(environment, { kekFile, kekCommand: program }));
    expect(await moveKekToFile(kekFile, (next) => back.rewrap(next))).toBe(keys.length);
    await back.close();
    await roundTrip();
    const withFileAlone = storeIn(directory, kekSource(environment, { kekFile }));
    for (const { kid, key } of keys) expect((await withFileAlone.get(kid))!.key!.equals(key)).toBe(true);
    await withFileAlone.close();
    await mover.close();
    await server.close();
  });

  it('makes the KEK file that it moves the KEK to', async () => {
    const { directory, environment, open } = commanded();
    const store = open();
    const one = registration();
    await store.register([one]);
    const kekFile = join(directory, 'kek');
    expect(await moveKekToFile(kekFile, (next) => store.rewrap(next))).toBe(1);
    await store.close();
    const later = storeIn(directory, kekSource(environment, { kekFile }));
    expect((await later.get(one.kid))!.key!.equals(one.key)).toBe(true);
    await later.close();
  });

  it('gives a store another KEK under the same command, which running servers find', async () => {
    const { program, environment, open } = commanded();
    const server = open();
    const one = registration();
    await server.register([one]);
    const mover = open();
    const next = await createKekByCommand(program, environment);
    expect(await mover.rewrap(next)).toBe(1);
    const stored = (await server.get(one.kid))!;
    expect([stored.record.kekId, stored.key!.equals(one.key)]).toEqual([next.id, true]);
    await server.register([registration()]);
    await mover.close();
    await server.close();
  });
});

describeWithPostgres('a KEK command of a store on PostgreSQL', (postgres) => {
  it('opens the KEK on every machine, also one that is put in force while they run', async () => {
    const directory = scratch();
    const kekCommand = writeKekProgram(join(directory, 'kms'));
    const location = await postgres().database();
    const open = () => openKeyStore({ location, kekCommand, environment: { XDG_CONFIG_HOME: directory } });
    const [one, other, mover] = [open(), open(), open()];
    const keys = [registration(), registration({ contentId: 'another' })];
    await one.register(keys);
    const next = await createKekByCommand(kekCommand, {});
    expect(await mover.rewrap(next)).toBe(2);
    keys.push(registration({ contentId: 'a third' }));
    await one.register([keys[2]!]);
    for (const store of [one, other]) {
      for (const { kid, key } of keys) {
        const stored = (await store.get(kid))!;
        expect([stored.record.kekId, stored.key!.equals(key)]).toEqual([next.id, true]);
      }
    }
    const change = "update prpack.wrapped_keks set wrapped = 'x'";
    await expect(postgres().query(location, change)).rejects.toThrow('never change');
    for (const store of [one, other, mover]) await store.close();
  });
});

/** Programs of the documentation, run with stand-ins for the services. */
describe('docs/kek-commands', () => {
  const example = (name: string) => join(ROOT, 'docs/kek-commands', name);

  it.each(readdirSync(join(ROOT, 'docs/kek-commands')))('has a program that Node.js reads: %s', (name) => {
    expect(spawnSync(process.execPath, ['--check', example(name)]).status).toBe(0);
  });

  it('wraps with the command line of AWS', async () => {
    const directory = scratch();
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    const aws = `#!${process.execPath}
      const [kms, call, ...rest] = process.argv.slice(2);
      if (kms !== 'kms' || rest.join(' ') !== '--cli-binary-format base64 --cli-input-json file:///dev/stdin --output json') process.exit(9);
      const { KeyId, EncryptionContext, Plaintext, CiphertextBlob } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
      const bound = KeyId + EncryptionContext['prpack-kek'];
      if (call === 'encrypt') console.log(JSON.stringify({ CiphertextBlob: Buffer.from(bound + Plaintext).toString('base64') }));
      else console.log(JSON.stringify({ Plaintext: Buffer.from(CiphertextBlob, 'base64').toString().slice(bound.length) }));`;
    writeFileSync(join(bin, 'aws'), aws, { mode: 0o755 });
    const environment = { PATH: `${bin}${delimiter}${process.env.PATH}`, KMS_KEY_ID: 'alias/keys' };
    const kek = await createKekByCommand(example('aws-kms.mjs'), environment);
    expect(Buffer.from(kek.wrapped!, 'base64').toString()).toContain(`alias/keys${kek.id}`);
    const opened = await openByProgram(example('aws-kms.mjs'), environment, kek.id, kek.wrapped!);
    expect(opened.id).toBe(kek.id);
  });

  it('wraps with the transit engine of Vault', async () => {
    const asked: unknown[] = [];
    const vault = createServer(async (request, response) => {
      const chunks = await request.toArray();
      const body = JSON.parse(Buffer.concat(chunks).toString());
      asked.push([request.method, request.url, request.headers['x-vault-token'], body.associated_data]);
      const data = request.url!.includes('encrypt')
        ? { ciphertext: `vault:v1:${body.plaintext}` }
        : { plaintext: body.ciphertext.slice(9) };
      response.end(JSON.stringify({ data }));
    });
    await new Promise<void>((resolve) => vault.listen(0, '127.0.0.1', resolve));
    try {
      const tokenFile = join(scratch(), 'token');
      writeFileSync(tokenFile, 'hvs.test\n');
      const { port } = vault.address() as { port: number };
      const environment = {
        PATH: process.env.PATH,
        VAULT_ADDR: `http://127.0.0.1:${port}`,
        VAULT_TOKEN_FILE: tokenFile,
      };
      const { id, wrapped } = await createKekByCommand(example('vault-transit.mjs'), environment);
      expect(wrapped).toMatch(/^vault:v1:/);
      const bound = Buffer.from(id).toString('base64');
      expect(asked).toEqual([
        ['POST', '/v1/transit/encrypt/prpack', 'hvs.test', bound],
        ['POST', '/v1/transit/decrypt/prpack', 'hvs.test', bound],
      ]);
    } finally {
      vault.close();
    }
  });
});

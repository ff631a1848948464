import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../../src/keys/content-key.js';
import { parseKeyId } from '../../../src/keys/key-id.js';
import { KeySeed } from '../../../src/keys/key-seed.js';
import { KeyEncryptionKey } from '../../../src/keystore/key-wrap.js';
import { scratchDirectories } from '../../keys/scratch.js';
import { expectAbsent } from '../../support/secrets.js';
import {
  fixedKek,
  KEK_HEX,
  OTHER_KEK_HEX,
  registration,
  SHA,
  storeIn,
  storePath,
  tamper,
} from '../helpers.js';

const scratch = scratchDirectories();
const SEED = 'XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I';

describe('a key', () => {
  it('is nowhere in the files of the store, its records, its audit and its errors', async () => {
    const directory = scratch();
    const key = ContentKey.random();
    const rival = ContentKey.random();
    const seed = KeySeed.parse(SEED);
    const seededKid = parseKeyId('09e36702-8f33-436c-a5dd-60ffe6671e70');
    const kek = fixedKek();
    const store = storeIn(directory, kek);
    const one = registration({ key, label: 'HD', policy: { a: 1 } });
    const told: unknown[] = [];
    const refused = async (work: Promise<unknown>) =>
      told.push(
        await work.then(
          () => expect.unreachable(),
          (e) => e,
        ),
      );

    told.push(await store.register([one]));
    told.push(await store.register([one]));
    await refused(store.register([{ ...one, key: rival }]));
    await refused(store.register([{ ...one, algorithm: 'AESCBC' }]));
    const seeded = { kid: seededKid, key: seed.contentKey(seededKid), source: 'seed', seedId: seed.id };
    told.push(await store.register([registration(seeded)]));
    await store.markActive([one.kid], { fingerprint: SHA });
    told.push(await store.get(one.kid), await store.findByContentId('movie'));
    await store.rewrap(KeyEncryptionKey.parse(OTHER_KEK_HEX, 'test'));
    await refused(store.get(one.kid));
    kek.hex = OTHER_KEK_HEX;
    tamper(directory, `update keys set wrapped_key = x'01' where kid = '${one.kid}'`);
    await refused(store.get(one.kid));
    told.push(await store.list(), await store.audit(), store);

    const haystacks = new Map<string, Buffer>();
    const readAll = (when: string) => {
      const place = dirname(storePath(directory));
      for (const name of readdirSync(place))
        haystacks.set(`${name} ${when}`, readFileSync(join(place, name)));
    };
    readAll('open');
    await store.close();
    readAll('closed');
    expect([...haystacks.values()].some((bytes) => bytes.includes(one.kid))).toBe(true);
    haystacks.set(
      'inspected',
      Buffer.from(inspect(told, { depth: 20, showHidden: true, maxStringLength: null })),
    );
    haystacks.set('as JSON', Buffer.from(JSON.stringify(told)));

    const seedHex = Buffer.from(SEED, 'base64').toString('hex');
    const seededKey = 'b42ca3172ee4e69bf51848a59db9cd13'; // of Microsoft's documentation
    expectAbsent([key.revealHex(), rival.revealHex(), seedHex, seededKey, KEK_HEX, OTHER_KEK_HEX], haystacks);
  });
});

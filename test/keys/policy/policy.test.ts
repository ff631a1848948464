import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ContentKey } from '../../../src/keys/content-key.js';
import { parseKeyId } from '../../../src/keys/key-id.js';
import { checkPolicy, loadPolicy } from '../../../src/keys/policy/load.js';
import { dateMs, durationMs, momentMs } from '../../../src/keys/policy/moment.js';
import { BUILT_IN_POLICIES, type Policy } from '../../../src/keys/policy/policy.js';
import { policySchema } from '../../../src/keys/policy/schema.js';
import { testLaUrl } from '../../../src/keys/policy/test-url.js';
import { ROOT } from '../../support/samples.js';
import { scratchDirectories } from '../scratch.js';

const scratch = scratchDirectories();
const UUID = '786627d8-c2a6-44be-8f88-08ae255b01a7';
const FULL: Policy = {
  minSecurityLevel: 3000,
  persist: true,
  beginDate: '2026-01-01',
  expiration: '2026-12-31T23:59:59+01:00',
  expireAfterFirstPlay: 172800,
  realTimeExpiration: true,
  removalDate: 'P60D',
  outputProtectionLevels: {
    compressedDigitalAudio: 200,
    uncompressedDigitalAudio: 300,
    compressedDigitalVideo: 500,
    uncompressedDigitalVideo: 270,
    analogVideo: 150,
  },
  explicitOutputProtections: [{ output: 'digitalVideo', id: UUID, data: 'AAAAAQ==' }],
  playEnablers: [UUID, UUID.toUpperCase()],
  sourceId: 267,
  domain: { dsId: 'AAAAEAAQABAQABAAAAAAAQ==', accountId: UUID },
  meteringId: UUID,
  secureStop: true,
  secureDelete: false,
  rootKid: UUID,
  rootLicense: { persist: true, beginDate: 'PT0S', expiration: 'P31D' },
};

function file(name: string, text: string): string {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
}

/** The message that a policy is refused with. */
async function refusal(policy: unknown): Promise<string> {
  const error = await checkPolicy(policy, 'p.yaml').then(
    () => expect.unreachable(),
    (failure) => failure,
  );
  expect(error).toMatchObject({
    name: 'PrpackError',
    code: 'INVALID_ARGUMENT',
    details: { remedy: expect.any(String) },
  });
  return error.message;
}

describe('loadPolicy', () => {
  it.each(Object.keys(BUILT_IN_POLICIES))(
    'has the built-in policy %s, which keeps its own rules',
    async (name) => {
      const policy = await loadPolicy(name);
      expect(await checkPolicy(policy, name)).toEqual(policy);
    },
  );

  it('has the scenarios of the documentation', async () => {
    expect(Object.keys(BUILT_IN_POLICIES)).toEqual(['purchase', 'rental', 'subscription', 'live']);
    const { purchase, rental, subscription, live } = BUILT_IN_POLICIES;
    expect(purchase).toMatchObject({ persist: true });
    expect(purchase).not.toHaveProperty('expiration');
    expect(rental).toMatchObject({ beginDate: 'PT0S', expiration: 'P30D', expireAfterFirstPlay: 172800 });
    expect(subscription).toMatchObject({
      secureStop: true,
      rootLicense: { beginDate: 'PT0S', expiration: 'P31D' },
    });
    expect(subscription).not.toHaveProperty('expiration');
    expect(live).toMatchObject({ persist: false, rootLicense: { persist: false } });
  });

  it('reads JSON and YAML alike', async () => {
    expect(await loadPolicy(file('p.json', JSON.stringify(FULL)))).toEqual(FULL);
    const yaml =
      'minSecurityLevel: 2000\nbeginDate: 2026-01-01\nexpiration: 2026-12-31T23:59:59Z\nplayEnablers:\n  - 786627d8-c2a6-44be-8f88-08ae255b01a7\n';
    expect(await loadPolicy(file('p.yaml', yaml))).toEqual({
      minSecurityLevel: 2000,
      beginDate: '2026-01-01',
      expiration: '2026-12-31T23:59:59Z',
      playEnablers: [UUID],
    });
    expect(await loadPolicy(file('p.YML', 'persist: true'))).toEqual({ persist: true });
  });

  it('refuses a file that is not there as key files are', async () => {
    await expect(loadPolicy('none.yaml')).rejects.toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: 'the policy file cannot be read: none.yaml (ENOENT)',
    });
  });

  it.each([
    ['forever', 'there is no policy of the name forever'],
    ['constructor', 'there is no policy of the name'],
  ])('refuses %s', async (name, message) => {
    await expect(loadPolicy(name)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['p.json', '{"persist": tru'],
    ['p.yaml', 'persist: true\npersist: false'],
    ['p.yaml', 'a: [1'],
    [
      'p.yaml',
      `a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]`,
    ],
  ])('refuses %s that cannot be parsed, naming the file', async (name, text) => {
    const path = file(name, text);
    await expect(loadPolicy(path)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`${path}: the policy file cannot be parsed`),
    });
  });
});

describe('checkPolicy', () => {
  it('takes every word', async () => {
    expect(await checkPolicy(FULL, 'p')).toEqual(FULL);
  });

  it.each<[unknown, string]>([
    [{ minSecurityLevel: 1000 }, 'p.yaml: minSecurityLevel: '],
    [{ minSecurityLevel: '2000' }, 'minSecurityLevel: '],
    [{ persist: 'yes' }, 'persist: '],
    [{ persistent: true }, 'persistent'],
    [{ beginDate: 'tomorrow' }, 'beginDate: must be a date'],
    [{ beginDate: '2026-02-30' }, 'beginDate: must be a date'],
    [{ beginDate: 'P1M' }, 'beginDate: must be a date'],
    [{ expireAfterFirstPlay: 0 }, 'expireAfterFirstPlay: '],
    [{ expireAfterFirstPlay: 1.5 }, 'expireAfterFirstPlay: '],
    [{ outputProtectionLevels: { analogVideo: 250 } }, 'outputProtectionLevels.analogVideo: '],
    [{ explicitOutputProtections: [{ output: 'radio', id: UUID }] }, 'explicitOutputProtections[0].output: '],
    [
      { explicitOutputProtections: [{ output: 'digitalVideo', id: 'x' }] },
      'explicitOutputProtections[0].id: must be a UUID',
    ],
    [{ playEnablers: [UUID, 'x'] }, 'playEnablers[1]: must be a UUID'],
    [{ domain: { dsId: 'AAAA' } }, 'domain.dsId: must be base64 of 16 bytes'],
    [{ domain: {} }, 'domain.dsId: '],
    [{ expiration: 'P30D' }, 'beginDate: must be set, because expiration is set'],
    [{ rootLicense: { expiration: 'P30D' } }, 'rootLicense.beginDate: must be set'],
    [{ beginDate: '2026-01-02', expiration: '2026-01-01' }, 'expiration: must be later'],
    [{ beginDate: 'P1D', expiration: 'PT24H' }, 'expiration: must be later'],
    [{ realTimeExpiration: true }, 'realTimeExpiration: needs expiration'],
    [{ isRoot: true, rootKid: UUID }, 'isRoot: excludes'],
    [[], 'policy: '],
    [null, 'policy: '],
    ['rental', 'policy: '],
  ])('refuses %j and names the field', async (policy, message) => {
    expect(await refusal(policy)).toContain(message);
  });

  it('names all fields that are wrong, up to five', async () => {
    expect(await refusal({ persist: 1, sourceId: -1 })).toMatch(/persist: .*; sourceId: /);
  });

  it('takes a begin date and an expiration of different kinds', async () => {
    await expect(checkPolicy({ beginDate: '2026-01-01', expiration: 'P30D' }, 'p')).resolves.toBeDefined();
  });

  it('never takes an expiration without begin date', async () => {
    const word = fc.record(
      { beginDate: fc.constantFrom('PT0S', '2026-01-01'), expiration: fc.constantFrom('P1D', '2027-01-01') },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(word, word, async (times, rootLicense) => {
        const taken = await checkPolicy({ ...times, rootLicense }, 'p').then(
          () => true,
          () => false,
        );
        const keeps = (given: { beginDate?: string; expiration?: string }) =>
          !given.expiration || given.beginDate !== undefined;
        expect(taken).toBe(keeps(times) && keeps(rootLicense));
      }),
      { numRuns: 60 },
    );
  });
});

describe('moments', () => {
  it.each([
    ['PT0S', 0],
    ['P1W2DT3H4M5S', ((7 + 2) * 86400 + 3 * 3600 + 4 * 60 + 5) * 1000],
    ['PT48H', 172_800_000],
  ])('reads the duration %s', (text, ms) => expect(durationMs(text)).toBe(ms));

  it.each(['P', 'PT', 'P1', '1D', 'P1Y', 'P1M', 'P-1D', 'p1d', 'P1DT', ''])(
    'takes %j for no duration',
    (text) => expect(durationMs(text)).toBeUndefined(),
  );

  it.each([
    ['2026-01-01', Date.UTC(2026, 0, 1)],
    ['2026-01-01T00:00:00+01:00', Date.UTC(2025, 11, 31, 23)],
    ['2024-02-29t12:00:00.5z', Date.UTC(2024, 1, 29, 12, 0, 0, 500)],
  ])('reads the date %s', (text, ms) => expect(dateMs(text)).toBe(ms));

  it.each(['2026-02-29', '2026-13-01', '2026-01-01T00:00:00', '2026-01-01 00:00:00Z', '01/02/2026', '2026'])(
    'takes %j for no date',
    (text) => expect(dateMs(text)).toBeUndefined(),
  );

  it('counts durations from issuance', () => {
    expect([momentMs('P1D', 5), momentMs('1970-01-02', 5), momentMs('x', 5)]).toEqual([
      86_400_005,
      86_400_000,
      undefined,
    ]);
  });
});

describe('testLaUrl', () => {
  const kid = parseKeyId('e13a7861-d8cc-4284-9245-7c835ebde9f0');
  const key = ContentKey.fromHex('78da959d7ac4ae5a363527ec9c85de10');
  const at = new Date('2026-07-01T12:00:00.900Z');
  const BASE =
    'https://test.playready.microsoft.com/service/rightsmanager.asmx?cfg=(kid:e13a7861-d8cc-4284-9245-7c835ebde9f0,contentkey:';

  // Parameters and their forms: Microsoft, "Query String Syntax for PlayReady Test Server".
  it.each<[string, Policy, 'AESCTR' | 'AESCBC', string]>([
    ['no policy', {}, 'AESCTR', ''],
    ['CBC', {}, 'AESCBC', ',ckt:aes128bitcbc'],
    ['purchase', BUILT_IN_POLICIES.purchase, 'AESCTR', ',sl:2000,persist:true'],
    [
      'rental',
      BUILT_IN_POLICIES.rental,
      'AESCTR',
      ',sl:2000,persist:true,begindate:20260701120000,expiration:20260731120000,firstexp:172800',
    ],
    [
      'absolute dates',
      { beginDate: '2026-01-01', expiration: '2026-12-31T23:59:59+01:00' },
      'AESCTR',
      ',begindate:20260101000000,expiration:20261231225959',
    ],
  ])('writes %s', (_, policy, algorithm, rest) => {
    const { url, leftOut } = testLaUrl(kid, key, policy, algorithm, at);
    expect(url).toBe(`${BASE}eNqVnXrErlo2NSfsnIXeEA==${rest})`);
    expect(leftOut).toEqual([]);
  });

  it('writes all that the server can be told, and says what it cannot', () => {
    const { url, leftOut } = testLaUrl(kid, key, FULL, 'AESCBC', at);
    expect(url).toContain(
      ',ckt:aes128bitcbc,sl:3000,persist:true,begindate:20260101000000,expiration:20261231225959,firstexp:172800,realtime:true,' +
        'removaldate:20260830120000,caopl:200,ucaopl:300,cvopl:500,ucvopl:270,avopl:150,' +
        `playenablers:(${UUID},${UUID.toUpperCase()}),sourceid:267)`,
    );
    expect(leftOut).toEqual([
      'explicitOutputProtections',
      'domain',
      'meteringId',
      'secureStop',
      'rootKid',
      'rootLicense',
    ]);
    expect(testLaUrl(kid, key, BUILT_IN_POLICIES.subscription, 'AESCTR', at).leftOut).toEqual([
      'secureStop',
      'rootLicense',
    ]);
  });

  it('has no space and no ampersand, whatever the key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const { url } = testLaUrl(kid, ContentKey.fromBytes(bytes), FULL, 'AESCTR');
        expect(url).toMatch(/^https:\/\/[^\s&#]+$/);
        expect(new URL(url).href).toBe(url);
      }),
    );
  });
});

describe('the schema of policies', () => {
  it('is published as it is; vitest -u writes it', async () => {
    const schema = policySchema(z).meta({
      title: 'prpack license policy',
      description: 'What a license server is to allow: a file of --policy, or `policy` in REST',
    });
    await expect(`${JSON.stringify(z.toJSONSchema(schema), undefined, 2)}\n`).toMatchFileSnapshot(
      join(ROOT, 'docs/schema/policy.schema.json'),
    );
  });
});

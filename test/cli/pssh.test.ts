import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, runCliJson } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';

// KID, key of Microsoft's public test seed, and CHECKSUM, as published in the PlayReady documentation.
const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const CHECKSUM = '5TzIYQ2hrOY=';

// A version 1 box of the common SystemID with two KIDs, written out by hand from ISO/IEC 23001-7 8.1.
const COMMON = Buffer.from(
  '00000044' + // size
    '70737368' + // pssh
    '01000000' + // version 1, no flags
    '1077efecc0b24d02ace33c1e52e2fb4b' +
    '00000002' + // KID_count
    '30313233343536373839303132333435' +
    '41424344454647484950515253545556' +
    '00000000', // DataSize
  'hex',
);

const inFolder = temporaryFolder();

describe('prpack pssh build', () => {
  it('prints a whole box as base64, with the checksum of the key', async () => {
    const args = ['pssh', 'build', '--kid', KID, '--la-url', 'https://drm.example/la'];
    const { exitCode, stdout, stderr } = await runCli(args, { env: { PRPACK_KID: KID, PRPACK_KEY: KEY } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const box = Buffer.from(stdout, 'base64');
    expect(stdout).toBe(`${box.toString('base64')}\n`);
    expect(box.readUInt32BE(0)).toBe(box.length);
    expect(box.subarray(4, 28).toString('hex')).toBe(
      '70737368' + '00000000' + '9a04f07998404286ab92e65be0885f95',
    );
    expect(box.toString('utf16le', 42)).toBe(
      '<WRMHEADER xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader" version="4.0.0.0"><DATA>' +
        '<PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>AAAAEAAQABAQABAAAAAAAQ==</KID>' +
        `<CHECKSUM>${CHECKSUM}</CHECKSUM><LA_URL>https://drm.example/la</LA_URL></DATA></WRMHEADER>`,
    );
  });

  it('says the scheme, and needs no KID for keys on demand', async () => {
    const textOf = async (...args: readonly string[]) => {
      const { exitCode, stdout, stderr } = await runCli(['pssh', 'build', ...args]);
      return { exitCode, stderr, header: Buffer.from(stdout, 'base64').toString('utf16le', 42) };
    };
    const cbcs = await textOf('--kid', KID, '--scheme', 'cbcs');
    expect(cbcs).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('SDK before 4.4') });
    expect(cbcs.header).toContain('<KID ALGID="AESCBC" VALUE="AAAAEAAQABAQABAAAAAAAQ=="></KID>');
    const onDemand = await textOf('--decryptor-setup', 'on-demand');
    expect(onDemand).toMatchObject({ exitCode: 0, stderr: '' });
    expect(onDemand.header).toContain('<DATA><DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP></DATA>');
    expect((await textOf()).exitCode).toBe(2);
    expect((await textOf('--system', 'common', '--kid', KID, '--scheme', 'cbcs')).stderr).toContain(
      '--scheme has no meaning for the system common',
    );
  });

  it('warns of a key on the command line', async () => {
    const { exitCode, stdout, stderr } = await runCli(['pssh', 'build', '--kid', KID, '--key', KEY]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('warning: The key was given on the command line');
    expect(stdout + stderr).not.toContain(KEY);
  });

  it('writes a bare PlayReady Object to a new file', async () => {
    const out = inFolder('header.pro');
    const args = ['pssh', 'build', '--kid', KID, '--format', 'pro', '--out', out];
    expect(await runCli(args)).toMatchObject({ exitCode: 0, stdout: '' });
    const pro = readFileSync(out);
    expect(pro.readUInt32LE(0)).toBe(pro.length);
    expect(await runCliJson(args)).toMatchObject({ exitCode: 6, json: { error: { code: 'OUTPUT_EXISTS' } } });
    expect((await runCliJson([...args, '--force'])).exitCode).toBe(0);
    const missing = [...args.slice(0, -1), inFolder('no/header.pro')];
    expect(await runCliJson(missing)).toMatchObject({
      exitCode: 6,
      json: { error: { code: 'OUTPUT_FAILED' } },
    });
  });

  it('builds for several KIDs and other systems, and says what as JSON', async () => {
    const other = '20000000-2000-2000-2000-200000000002';
    const args = ['pssh', 'build', '--system', 'common', '--kid', KID, '--kid', other];
    const { exitCode, json } = await runCliJson(args);
    expect(exitCode).toBe(0);
    expect(Buffer.from(json.base64, 'base64').toString('hex')).toBe(
      '00000044' +
        '70737368' +
        '01000000' +
        '1077efecc0b24d02ace33c1e52e2fb4b' +
        '00000002' +
        KID.replaceAll('-', '') +
        other.replaceAll('-', '') +
        '00000000',
    );
    expect(json).toMatchObject({
      format: 'pssh',
      bytes: 68,
      warnings: [],
      pssh: [{ systemId: '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b', keyIds: [KID, other], data: '' }],
    });
    const widevine = ['pssh', 'build', '--system', 'widevine', '--kid', KID, '--content-id', 'film-7'];
    const built = await runCliJson(widevine);
    expect(built.json.pssh[0]).toMatchObject({
      name: 'Widevine',
      keyIds: [KID],
      widevine: { contentId: Buffer.from('film-7').toString('hex'), protectionScheme: 'cenc' },
    });
    const named = ['--widevine-provider', 'acme', '--widevine-policy', 'gold'];
    expect((await runCliJson([...widevine, ...named])).json.pssh[0].widevine).toMatchObject({
      provider: 'acme',
      policy: 'gold',
    });
    const { json: refused } = await runCliJson(['pssh', 'build', '--kid', KID, ...named]);
    expect(refused.error.message).toBe('--widevine-provider has no meaning for the system playready');
  });

  it('refuses a header version that cannot carry the content', async () => {
    const other = '20000000-2000-2000-2000-200000000002';
    const args = ['pssh', 'build', '--kid', KID, '--kid', other, '--playready-version', '4.0'];
    expect(await runCliJson(args)).toMatchObject({
      exitCode: 2,
      json: { error: { code: 'INVALID_ARGUMENT' } },
    });
  });
});

describe('prpack pssh parse', () => {
  it('reads several boxes in one, from base64, a file of either form, and stdin', async () => {
    const playready = (await runCli(['pssh', 'build', '--kid', KID])).stdout;
    const both = Buffer.concat([COMMON, Buffer.from(playready, 'base64')]);
    writeFileSync(inFolder('both.bin'), both);
    writeFileSync(inFolder('both.txt'), both.toString('base64').replace(/.{64}/g, '$&\n'));
    const results = [
      await runCliJson(['pssh', 'parse', both.toString('base64')]),
      await runCliJson(['pssh', 'parse', `@${inFolder('both.bin')}`]),
      await runCliJson(['pssh', 'parse', `@${inFolder('both.txt')}`]),
      await runCliJson(['pssh', 'parse', '-'], { stdin: both }),
      await runCliJson(['pssh', 'parse', '-'], { stdin: `${both.toString('base64')}\n` }),
    ];
    for (const { exitCode, json } of results) {
      expect(exitCode).toBe(0);
      expect(json).toEqual(results[0]!.json);
    }
    expect(results[0]!.json.pssh).toMatchObject([
      {
        systemId: '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b',
        version: 1,
        keyIds: ['30313233-3435-3637-3839-303132333435', '41424344-4546-4748-4950-515253545556'],
      },
      {
        systemId: '9a04f079-9840-4286-ab92-e65be0885f95',
        version: 0,
        keyIds: [KID],
        playready: { version: '4.0.0.0', keys: [{ kid: KID, algId: 'AESCTR' }] },
      },
    ]);
  });

  it('reads a bare PlayReady Object, for people', async () => {
    const pro = await runCli([
      'pssh',
      'build',
      '--kid',
      KID,
      '--format',
      'pro',
      '--la-url',
      'https://drm.example/la',
    ]);
    const { exitCode, stdout, stderr } = await runCli(['pssh', 'parse', pro.stdout.trim()]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('PlayReady');
    expect(stdout).toMatch(/\n {2}LA_URL +https:\/\/drm\.example\/la\n/);
    expect(stdout).toContain('\n        <KID>AAAAEAAQABAQABAAAAAAAQ==</KID>\n');
  });

  it.each([
    ['nothing', ['pssh', 'parse', '-'], 3],
    ['a file that is not there', ['pssh', 'parse', '@none.bin'], 3],
    ['a box cut short', ['pssh', 'parse', COMMON.subarray(0, 40).toString('base64')], 3],
    ['other bytes', ['pssh', 'parse', 'AAAA'], 3],
  ])('refuses %s', async (_, args, expected) => {
    const { exitCode, json } = await runCliJson(args);
    expect(exitCode).toBe(expected);
    expect(json.error.remedy).toMatch(/\.$/);
  });
});

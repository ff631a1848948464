import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SYSTEM_IDS } from '../../src/drm/system-ids.js';
import { inspect } from '../../src/index.js';
import type { CpixDocument } from '../../src/keys/cpix/document.js';
import { writeCpix } from '../../src/keys/cpix/writer.js';
import { type Answer, reply, testServers } from '../keys/http/servers.js';
import {
  PROVIDER_ATTRIBUTES,
  PROVIDER_LA_URL,
  providerData,
  providerKey,
  providerPssh,
  spekeProvider,
} from '../keys/providers.js';
import { PRPACK, runCli, runCliJson, runProgram } from '../support/cli.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const INPUT = sample('bars.mp4');
const FRAGMENTS = sample('bars-fragmented.mp4');
const { playready: PLAYREADY, widevine: WIDEVINE, common: COMMON } = SYSTEM_IDS;
const OWN_LA_URL = 'https://own.example/rightsmanager.asmx';

const servers = testServers();
const inFolder = temporaryFolder();

interface FoundPssh {
  readonly systemId: string;
  readonly keyIds: readonly string[];
  readonly data: string;
  readonly playready?: {
    readonly laUrl?: string;
    readonly customAttributes?: string;
    readonly keys: readonly { readonly checksumMatches?: boolean }[];
  };
}

/** The boxes of a file, and where each lies in it as a whole. */
async function psshOf(path: string): Promise<FoundPssh[]> {
  return JSON.parse(JSON.stringify((await inspect(path)).pssh));
}

function has(path: string, bytes: Uint8Array): boolean {
  return readFileSync(path).includes(Buffer.from(bytes));
}

describe('the header of a SPEKE key provider', () => {
  it.each(['fragmented', 'keep'])(
    'stands in a file of layout %s, and a rerun finds its work done',
    async (layout) => {
      const server = await servers.http(spekeProvider());
      const output = inFolder(`${layout}.mp4`);
      const contentId = `speke-${layout}`;
      const options = ['--speke-url', server.url, '--content-id', contentId, '--layout', layout];
      const args = ['encrypt', INPUT, output, ...options, '--key-per', 'none'];
      const { exitCode, json } = await runCliJson(args);
      expect([exitCode, json.warnings]).toEqual([0, []]);
      const key = providerKey(contentId, 'ALL');
      expect(server.seen[0]!.body).toContain(`systemId="${PLAYREADY}"><cpix:PSSH></cpix:PSSH>`);
      expect(server.seen[0]!.body).not.toContain(COMMON);

      // With the keys of the store, as the program looks them up.
      const found: FoundPssh[] = (await runCliJson(['inspect', output])).json.pssh;
      const [playready, common, ...others] = found;
      expect(others).toEqual([]);
      expect(playready).toMatchObject({
        systemId: PLAYREADY,
        keyIds: [key.kid],
        playready: { laUrl: PROVIDER_LA_URL, keys: [{ kid: key.kid, checksumMatches: true }] },
      });
      expect(playready!.playready!.customAttributes).toBe(PROVIDER_ATTRIBUTES);
      expect(common).toMatchObject({ systemId: COMMON, keyIds: [key.kid] });
      expect(has(output, providerPssh('playready', key))).toBe(true);

      const { json: records } = await runCliJson(['keys', 'list', '--content-id', contentId]);
      expect(records).toMatchObject([{ kid: key.kid, laUrl: PROVIDER_LA_URL, state: 'active' }]);
      const before = readFileSync(output);
      expect((await runCliJson(args)).json).toMatchObject({ unchanged: true });
      expect(readFileSync(output).equals(before)).toBe(true);
      expect((await runCliJson(['decrypt', output, inFolder(`${layout}-clear.mp4`)])).exitCode).toBe(0);
    },
  );

  it('stands there for each key, and keys have the labels of their classes', async () => {
    const server = await servers.http(spekeProvider());
    const output = inFolder('classes.mp4');
    const args = ['encrypt', INPUT, output, '--speke-url', server.url, '--content-id', 'classes'];
    const { exitCode } = await runCliJson([...args, '--systems', 'playready,widevine,common']);
    expect(exitCode).toBe(0);
    const keys = ['SD', 'AUDIO'].map((name) => providerKey('classes', name));
    const found = await psshOf(output);
    expect(found.map(({ systemId }) => systemId)).toEqual([PLAYREADY, PLAYREADY, COMMON, WIDEVINE, WIDEVINE]);
    for (const key of keys) {
      expect(has(output, providerPssh('playready', key))).toBe(true);
      expect(has(output, providerPssh('widevine', key))).toBe(true);
    }
    expect(found[2]!.keyIds).toEqual(keys.map(({ kid }) => kid));
    const { json: records } = await runCliJson(['keys', 'list', '--content-id', 'classes']);
    expect(records.map(({ kid, label }: { kid: string; label: string }) => [kid, label]).sort()).toEqual(
      [
        [keys[0]!.kid, 'SD'],
        [keys[1]!.kid, 'AUDIO'],
      ].sort(),
    );
    const again = await runCliJson([
      'encrypt',
      INPUT,
      inFolder('store.mp4'),
      '--content-id',
      'classes',
      '--key-per',
      'resolution',
    ]);
    expect(again.json.tracks.map(({ kid }: { kid: string }) => kid).sort()).toEqual(
      keys.map(({ kid }) => kid).sort(),
    );
  });

  it('stands in the plan of a dry run, which writes nothing', async () => {
    const server = await servers.http(spekeProvider());
    const output = inFolder('dry.mp4');
    const args = [
      'encrypt',
      INPUT,
      output,
      '--speke-url',
      server.url,
      '--content-id',
      'dry',
      '--key-per',
      'none',
    ];
    const { json } = await runCliJson([...args, '--dry-run']);
    const { kid } = providerKey('dry', 'ALL');
    expect(json).toMatchObject({
      dryRun: true,
      pssh: [{ systemId: PLAYREADY, keyIds: [kid] }, { systemId: COMMON }],
    });
    expect([existsSync(output), (await runCliJson(['keys', 'list', '--content-id', 'dry'])).json]).toEqual([
      false,
      [],
    ]);
  });

  it.each([
    ['a stream into a stream', '-', '-'],
    ['a file into a stream', FRAGMENTS, '-'],
    ['a stream into a file', '-', inFolder('from-stream.mp4')],
  ])('stands in the moov of %s', async (name, input, output) => {
    const server = await servers.http(spekeProvider());
    const path = output === '-' ? inFolder(`${name}.mp4`) : output;
    const contentId = name.replaceAll(' ', '-');
    const options = [
      '--speke-url',
      server.url,
      '--content-id',
      contentId,
      '--key-per',
      'none',
      '--layout',
      'keep',
      '--quiet',
    ];
    const command = output === '-' ? `"$0" "$@" > "${path}"` : '"$0" "$@"';
    const args = ['-c', command, process.execPath, PRPACK, 'encrypt', input, output, ...options];
    const { exitCode, stderr } = await runProgram('sh', args, { stdin: readFileSync(FRAGMENTS) });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(has(path, providerPssh('playready', providerKey(contentId, 'ALL')))).toBe(true);
    expect((await psshOf(path))[0]!.playready).toMatchObject({ laUrl: PROVIDER_LA_URL });
  });

  it('gives way to a header that is described on the command line, and is not asked for then', async () => {
    const server = await servers.http(spekeProvider());
    const output = inFolder('own.mp4');
    const options = ['--speke-url', server.url, '--content-id', 'own', '--la-url', OWN_LA_URL];
    const { json } = await runCliJson(['encrypt', INPUT, output, ...options]);
    expect(json.warnings).toEqual([]);
    expect(server.seen[0]!.body).not.toContain('DRMSystem ');
    const found = await psshOf(output);
    expect(found.map(({ systemId, playready }) => [systemId, playready?.laUrl])).toEqual([
      [PLAYREADY, OWN_LA_URL],
      [COMMON, undefined],
    ]);
  });

  const withoutPssh = (answer: CpixDocument) => ({
    ...answer,
    drmSystems: answer.drmSystems.map((system) => ({ ...system, pssh: new Uint8Array() })),
  });
  const ofAnother = (answer: CpixDocument) => ({
    ...answer,
    drmSystems: answer.drmSystems.map((system) => ({
      ...system,
      pssh: providerPssh('playready', providerKey('another', 'ALL')),
    })),
  });
  it.each<[string, Answer, RegExp]>([
    ['is missing', spekeProvider(withoutPssh), /did not fill PSSH of system 9a04f079/],
    ['names another key', spekeProvider(ofAnother), /that http:\S+ has for KID \S+ does not name this KID$/],
  ])('ends the work when it %s: exit 5, no output, no key registered', async (name, answer, message) => {
    const server = await servers.http(answer);
    const output = inFolder('refused.mp4');
    const args = ['encrypt', INPUT, output, '--speke-url', server.url, '--content-id', name];
    const { exitCode, json } = await runCliJson(args);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 5, code: 'KEY_SOURCE_FAILED' });
    expect(json.error.message).toMatch(message);
    expect([existsSync(output), (await runCliJson(['keys', 'list', '--content-id', name])).json]).toEqual([
      false,
      [],
    ]);
  });
});

describe('a batch with a SPEKE key provider', () => {
  it.each(['1', '3'])(
    'writes the header of each content, %s at a time, over connections that are used again',
    async (jobs) => {
      const server = await servers.http(spekeProvider());
      const folder = inFolder(`batch-${jobs}`);
      mkdirSync(folder);
      const names = Array.from({ length: 6 }, (_, i) => `b${jobs}-${i}`);
      for (const name of names) copyFileSync(INPUT, `${folder}/${name}.mp4`);
      const out = inFolder(`batch-out-${jobs}`);
      const args = [
        'batch',
        folder,
        '--out-dir',
        out,
        '--jobs',
        jobs,
        '--speke-url',
        server.url,
        '--key-per',
        'none',
      ];
      const { exitCode, json } = await runCliJson(args);
      expect([exitCode, json.done, json.warnings]).toEqual([0, 6, []]);
      for (const name of names) {
        expect(has(`${out}/${name}.enc.mp4`, providerPssh('playready', providerKey(name, 'ALL')))).toBe(true);
      }
      expect(server.seen).toHaveLength(6);
      expect(server.connections.made).toBeLessThan(6);
      expect((await runCliJson(args)).json).toMatchObject({ done: 6, unchanged: 6 });
    },
  );

  it('asks for what each job of a manifest wants', async () => {
    const server = await servers.http(spekeProvider());
    const manifest = inFolder('jobs.jsonl');
    const lines = [
      { input: INPUT, contentId: 'm-widevine', systems: ['widevine'], output: 'w.mp4' },
      { input: INPUT, contentId: 'm-own', laUrl: OWN_LA_URL, output: 'o.mp4' },
    ];
    writeFileSync(manifest, lines.map((line) => JSON.stringify(line)).join('\n'));
    const out = inFolder('manifest-out');
    const args = ['batch', manifest, '--out-dir', out, '--speke-url', server.url, '--key-per', 'none'];
    const { exitCode } = await runCliJson(args);
    expect(exitCode).toBe(0);
    expect(has(`${out}/w.mp4`, providerPssh('widevine', providerKey('m-widevine', 'ALL')))).toBe(true);
    expect((await psshOf(`${out}/o.mp4`))[0]!.playready!.laUrl).toBe(OWN_LA_URL);
  });
});

describe('the PlayReady Object of AcquirePackagingData', () => {
  const key = providerKey('acquired', 'ALL');
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const { data: object } = providerData('playready', key);
  const answer = reply(
    200,
    `<A><KeyId>${key.kid}</KeyId><KeyData>${base64(key.key.revealBytes())}</KeyData><Data>${base64(object)}</Data></A>`,
  );

  it('stands in the file', async () => {
    const server = await servers.http(answer);
    const output = inFolder('acquired.mp4');
    const args = ['encrypt', INPUT, output, '--packaging-data-url', server.url, '--content-id', 'acquired'];
    expect((await runCliJson(args)).json.warnings).toEqual([]);
    const [playready] = await psshOf(output);
    expect(playready!.data).toBe(base64(object));
    expect(playready!.playready).toMatchObject({ laUrl: PROVIDER_LA_URL });
    expect((await runCliJson(args)).json).toMatchObject({ unchanged: true });
  });

  it('gives way to a header that is described on the command line, which is said', async () => {
    const server = await servers.http(answer);
    const output = inFolder('acquired-own.mp4');
    const options = [
      '--packaging-data-url',
      server.url,
      '--content-id',
      'acquired-own',
      '--la-url',
      OWN_LA_URL,
    ];
    const { json } = await runCliJson(['encrypt', INPUT, output, ...options, '--no-register']);
    expect(json.warnings).toEqual([
      `The PlayReady header of ${server.url}/ is not in the file: options of the PlayReady header were given.`,
    ]);
    expect((await psshOf(output))[0]!.playready!.laUrl).toBe(OWN_LA_URL);
  });
});

describe('the DRMSystem elements of a CPIX document', () => {
  const [sd, audio] = [providerKey('cpix', 'SD'), providerKey('cpix', 'AUDIO')];
  const rule = { keyPeriodFilters: [], labelFilters: [], bitrateFilters: [], unknownFilters: [] };
  const document: CpixDocument = {
    recipients: [],
    contentKeys: [sd, audio],
    keyPeriods: [],
    usageRules: [
      { ...rule, kid: sd.kid, intendedTrackType: 'SD', videoFilters: [{}], audioFilters: [] },
      { ...rule, kid: audio.kid, intendedTrackType: 'STEREO', videoFilters: [], audioFilters: [{}] },
    ],
    drmSystems: [],
  };
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const both = providerPssh('playready', sd, audio);
  const { data: object } = providerData('playready', sd, audio);
  const widevine = providerPssh('widevine', sd, audio);
  const each = (fields: Partial<CpixDocument['drmSystems'][number]>, systemId: string = PLAYREADY) =>
    [sd, audio].map(({ kid }) => ({ systemId, kid, ...fields }));

  async function encryptWith(name: string, drmSystems: CpixDocument['drmSystems'], ...options: string[]) {
    const path = inFolder(`${name}.cpix`);
    writeFileSync(path, writeCpix({ ...document, drmSystems }, '2.3'));
    const output = inFolder(`cpix-${name}.mp4`);
    const args = ['encrypt', INPUT, output, '--cpix', path, '--content-id', `cpix-${name}`, ...options];
    return { output, ...(await runCliJson([...args, '--no-register'])) };
  }

  it.each([
    ['PSSH', { pssh: both }],
    ['cenc:pssh', { contentProtectionData: `<cenc:pssh>${base64(both)}</cenc:pssh>` }],
    [
      'mspr:pro',
      {
        contentProtectionData: `<p:IsEncrypted xmlns:p="urn:microsoft:playready">1</p:IsEncrypted><p:pro xmlns:p="urn:microsoft:playready">${base64(object)}</p:pro>`,
      },
    ],
    ['SmoothStreamingProtectionHeaderData', { smoothStreamingData: base64(object) }],
  ])('give the header with %s', async (name, fields) => {
    const { output, json } = await encryptWith(name.replace(':', '-'), each(fields));
    expect(json.error).toBeUndefined();
    expect(has(output, both)).toBe(true);
    expect(json.pssh.map(({ systemId }: FoundPssh) => systemId)).toEqual([PLAYREADY, COMMON]);
  });

  it('give boxes of all systems, or of those that are named', async () => {
    const systems = [...each({ pssh: both }), ...each({ pssh: widevine }, WIDEVINE)];
    const all = await encryptWith('all', systems);
    expect(all.json.pssh.map(({ systemId }: FoundPssh) => systemId)).toEqual([PLAYREADY, COMMON, WIDEVINE]);
    expect(has(all.output, widevine)).toBe(true);
    const named = await encryptWith('named', systems, '--systems', 'playready');
    expect(named.json.pssh.map(({ systemId }: FoundPssh) => systemId)).toEqual([PLAYREADY]);
  });

  it('are refused when they are broken', async () => {
    const [broken, foreign] = await Promise.all([
      encryptWith('broken', each({ contentProtectionData: '<cenc:pssh>' })),
      encryptWith('foreign', each({ pssh: providerPssh('playready', sd) })),
    ]);
    expect(broken).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_INVALID' } } });
    expect(foreign).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_SOURCE_FAILED' } } });
    expect([existsSync(broken.output), existsSync(foreign.output)]).toEqual([false, false]);
  });

  it('leave keys their labels: the intended track types', async () => {
    const path = inFolder('labels.cpix');
    writeFileSync(path, writeCpix(document, '2.3'));
    const output = inFolder('labels.mp4');
    expect(
      (await runCli(['encrypt', INPUT, output, '--cpix', path, '--content-id', 'labels'])).exitCode,
    ).toBe(0);
    const { json } = await runCliJson(['keys', 'list', '--content-id', 'labels']);
    expect(json.map(({ label }: { label: string }) => label).sort()).toEqual(['SD', 'STEREO']);
  });
});

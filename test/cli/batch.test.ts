import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { inspect } from '../../src/index.js';
import type { ResultLine } from '../../src/packager/batch/types.js';
import { PRPACK, runCli, runCliJson } from '../support/cli.js';
import { fingerprintAs } from '../support/fingerprint.js';
import { KEY, KID } from '../support/jobs.js';
import { trackHashes } from '../support/sample-hashes.js';
import { ROOT, sample, testMedia } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { makeLargeSample } from './large-sample.js';

const inFolder = temporaryFolder();
const GIVEN = { env: { PRPACK_KID: KID, PRPACK_KEY: KEY } };
/** 255 bytes, the longest name that file systems take. */
const LONG_NAME = `${'l'.repeat(243)}.mp4`;
const NAMES = ['a.mp4', 'b, "c".m4a', 'sub/ü 漢.mp4', 'sub/line\nbreak.mp4', LONG_NAME];

let number = 0;
let media = '';
let out = '';

beforeEach(() => {
  media = inFolder(`media${++number}`);
  out = inFolder(`out${number}`);
  mkdirSync(join(media, 'sub'), { recursive: true });
  for (const name of NAMES) copyFileSync(testMedia('opus.mp4'), join(media, name));
});

const batch = (args: readonly string[] = [], options = {}) =>
  runCliJson(['batch', media, '--out-dir', out, ...args], options);

/** The lines of one run, or of the only one. */
function resultLines(run?: string, path = join(out, 'prpack-results.jsonl')): ResultLine[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((line) => run === undefined || line.run === run);
}

const fingerprintAsOf = (fingerprint: string, path: string) => fingerprintAs(fingerprint, readFileSync(path));

describe('prpack batch', () => {
  it.each(['1', '3'])(
    'encrypts a folder, registers every key, and accounts for every file: %s jobs',
    async (jobs) => {
      const { exitCode, json, stderr } = await batch(['--jobs', jobs]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(json).toMatchObject({
        total: 5,
        done: 5,
        unchanged: 0,
        skipped: 0,
        failed: 0,
        notStarted: 0,
        failures: {},
      });
      const lines = resultLines();
      expect(lines.map(({ input }) => input).sort()).toEqual(NAMES.map((name) => join(media, name)).sort());
      const { json: keys } = await runCliJson(['keys', 'list']);
      for (const { output, outputFingerprint, bytes, kids, fingerprint, input, contentId } of lines) {
        const { tracks, bytes: size } = await inspect(output);
        expect(tracks.map(({ kid }) => kid)).toEqual(kids);
        expect(bytes).toBe(size);
        expect(outputFingerprint).toBe(fingerprintAsOf(outputFingerprint!, output));
        const { digest } = fingerprint!;
        expect(fingerprint).toMatchObject({ bytes: 5787, digest: fingerprintAsOf(digest!, input) });
        const record = keys.find(({ kid }: { kid: string }) => kid === kids![0]);
        expect(record).toMatchObject({ state: 'active' });
        expect(record.contentId).toBe(contentId);
      }
    },
  );

  it('names outputs and takes what a manifest says of each', async () => {
    const manifest = join(media, 'films.csv');
    writeFileSync(
      manifest,
      'input,contentId,layout,laUrl\n"b, ""c"".m4a",film-7,keep,https://a.example/\na.mp4,,,\n',
    );
    const args = [
      'batch',
      manifest,
      '--out-dir',
      out,
      '--name',
      '{contentId}.mp4',
      '--la-url',
      'https://b.example/',
    ];
    const { exitCode } = await runCliJson(args, GIVEN);
    expect(exitCode).toBe(0);
    const film = await inspect(join(out, 'film-7.mp4'));
    const other = await inspect(join(out, 'a.mp4'));
    expect([film.layout, other.layout]).toEqual(['progressive', 'fragmented']);
    expect([film, other].map(({ pssh }) => pssh[0].playready?.laUrl)).toEqual([
      'https://a.example/',
      'https://b.example/',
    ]);
  });

  it.each(['1', '2'])('encrypts encrypted files again, %s jobs', async (jobs) => {
    const store = ['--key-store', `sqlite:${join(media, 'keys.sqlite')}`];
    const run = (source: string, outDir: string, args: readonly string[] = []) =>
      runCliJson(['batch', source, '--out-dir', outDir, '--jobs', jobs, ...store, ...args]);
    expect((await run(join(media, 'sub'), out)).exitCode).toBe(0);
    const again = await run(out, join(media, 'again'), ['--decrypt-keys', 'store', '--scheme', 'cbcs']);
    expect(again).toMatchObject({ exitCode: 0, json: { done: 2 } });
    const { json: records } = await runCliJson(['keys', 'list', ...store]);
    for (const name of readdirSync(join(media, 'again')).filter((one) => one.endsWith('.mp4'))) {
      const [track] = (await inspect(join(media, 'again', name))).tracks;
      expect(track!.scheme).toBe('cbcs');
      const { algorithm } = records.find(({ kid }: { kid: string }) => kid === track!.kid);
      expect(algorithm).toBe('AESCBC');
      const clear = join(media, `${name}.clear`);
      expect((await runCliJson(['decrypt', join(media, 'again', name), clear, ...store])).exitCode).toBe(0);
      expect(trackHashes(clear, 'audio')).toEqual(trackHashes(testMedia('opus.mp4'), 'audio'));
    }
    const sameKeys = join(media, 'same.json');
    await runCliJson(['keys', 'export', sameKeys, '--algorithm', 'AESCTR', ...store]);
    const cbc = JSON.parse(readFileSync(sameKeys, 'utf8')).keys.map(
      ({ kid, key }: Record<string, string>) => ({
        ...{ kid, key, algorithm: 'AESCBC' },
      }),
    );
    writeFileSync(sameKeys, JSON.stringify(cbc.slice(0, 1)), { mode: 0o600 });
    const kept = ['--decrypt-keys', 'store', '--scheme', 'cbcs', '--no-register', '--key-file', sameKeys];
    const refused = await run(out, join(media, 'refused'), kept); // the key is that of one of the two inputs
    expect(refused.json).toMatchObject({ done: 1, failures: { KEY_CONFLICT: 1 } });
    const clearInput = await run(join(media, 'a.mp4'), join(media, 'x'), ['--decrypt-keys', 'store']);
    expect(clearInput.json.failures).toEqual({ NOT_ENCRYPTED: 1 });
  });

  it('takes what a manifest says of the keys of encrypted files, a file at a time', async () => {
    const source = join(media, 'encrypted.mp4');
    expect((await runCliJson(['encrypt', join(media, 'a.mp4'), source], GIVEN)).exitCode).toBe(0);
    const keysPath = join(media, 'keys.json');
    writeFileSync(keysPath, JSON.stringify([{ kid: KID, key: KEY }]), { mode: 0o644 });
    const manifest = join(media, 'films.jsonl');
    const film = (contentId: string, decryptKeys?: string) =>
      JSON.stringify({
        input: 'encrypted.mp4',
        output: `${contentId}.mp4`,
        contentId,
        scheme: 'cbcs',
        decryptKeys,
      });
    const films = [
      film('one', 'keys.json'),
      film('two'),
      film('three', 'none.json'),
      film('four', './keys.json'),
    ];
    writeFileSync(manifest, films.join('\n'));
    const args = ['batch', manifest, '--out-dir', out, '--jobs', '1'];
    const { exitCode, json } = await runCliJson(args);
    expect(exitCode).toBe(3);
    expect(json).toMatchObject({ done: 2, failures: { ALREADY_ENCRYPTED: 1, KEY_SOURCE_FAILED: 1 } });
    expect(json.warnings.filter((text: string) => text.includes(keysPath))).toHaveLength(1);
    expect(readFileSync(join(out, 'prpack-results.jsonl'), 'utf8')).not.toContain(KEY);
    const none = await runCliJson([...args, '--decrypt-keys', join(media, 'none.json')]);
    expect(none).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_SOURCE_FAILED' } } });
    writeFileSync(manifest, film('five', `${KID}:${KEY}`));
    const misplaced = await runCliJson(args);
    expect(misplaced).toMatchObject({ exitCode: 2, json: { error: { code: 'INVALID_ARGUMENT' } } });
    expect(JSON.stringify(misplaced)).not.toContain(KEY);
  });

  it('goes on past failures, and exits with their code, or with 3 when they differ', async () => {
    writeFileSync(join(media, 'bad.mp4'), 'no film');
    const first = await batch();
    expect(first.exitCode).toBe(3);
    expect(first.json).toMatchObject({ done: 5, failed: 1, failures: { NOT_MP4: 1 } });
    expect(resultLines().find(({ status }) => status === 'failed')).toMatchObject({
      input: join(media, 'bad.mp4'),
      error: {
        code: 'NOT_MP4',
        message: expect.any(String),
        path: join(media, 'bad.mp4'),
        remedy: expect.stringMatching(/\.$/),
      },
      fingerprint: { bytes: 7 },
    });
    writeFileSync(join(out, 'a.enc.mp4'), 'somebody else');
    const second = await batch();
    expect(second.exitCode).toBe(3);
    expect(second.json).toMatchObject({ done: 4, unchanged: 4, failures: { NOT_MP4: 1, OUTPUT_EXISTS: 1 } });
    const third = await runCliJson(['batch', join(media, 'a.mp4'), '--out-dir', out]);
    expect(third.exitCode).toBe(6);
  });

  it('prints a line for each file, and failures only with --quiet', async () => {
    writeFileSync(join(media, 'bad.mp4'), 'no film');
    const all = await runCli(['batch', media, '--out-dir', out], { ...GIVEN, cwd: media });
    expect(all.stderr).toMatch(/^\[\d\/6\] done a\.mp4 → .*a\.enc\.mp4$/m);
    expect(all.stderr).toMatch(/^\[\d\/6\] failed bad\.mp4: .* \[NOT_MP4\]$/m);
    expect(all.stderr).toContain('6 files, 5 encrypted, 1 failed');
    expect(all.stderr).not.toContain('--resume'); // which would not help
    const quiet = await runCli(['batch', media, '--out-dir', out, '--quiet', '--force'], GIVEN);
    expect(quiet.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^\[\d\/6\] failed .*bad\.mp4/),
      expect.stringMatching(/^ {2}next {2}\S.*\.$/),
    ]);
    expect(all.stdout + quiet.stdout).toBe('');
  });

  it('shows bars on a terminal, and puts it back as it was', () => {
    const command = [process.execPath, PRPACK, 'batch', media, '--out-dir', out]
      .map((word) => `'${word}'`)
      .join(' ');
    const { stdout, error } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
    if (error) return; // no terminal to be had here
    expect(stdout).toMatch(/Batch .* \d\/5 files {2}[\d.]+ files\/s {2}ETA [-\d]+:/);
    expect(stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?25l'));
  });

  it('plans with --dry-run, and writes nothing', async () => {
    writeFileSync(join(media, 'bad.mp4'), 'no film');
    const planned = await batch(['--dry-run', '--jobs', '2']);
    expect(planned).toMatchObject({
      exitCode: 3,
      json: { dryRun: true, done: 5, failed: 1, failures: { NOT_MP4: 1 } },
    });
    expect(existsSync(out)).toBe(false);
    const { json } = await batch();
    expect(json).toMatchObject({ dryRun: false, done: 5, unchanged: 0, bytes: planned.json.bytes });
  });

  it('refuses collisions, and unknown fields, before it begins', async () => {
    const collision = await batch(['--name', '{dir}/x.mp4']);
    expect(collision).toMatchObject({ exitCode: 2, json: { error: { code: 'INVALID_ARGUMENT' } } });
    writeFileSync(join(media, 'm.jsonl'), '{"input":"a.mp4"}\n{"input":"a.mp4","titel":1}\n');
    const { exitCode, json } = await runCliJson(['batch', join(media, 'm.jsonl'), '--out-dir', out]);
    expect({ exitCode, message: json.error.message }).toEqual({
      exitCode: 2,
      message: expect.stringMatching(/m\.jsonl, line 2: there is no field "titel"/),
    });
    expect(existsSync(out)).toBe(false);
  });

  it('does not make keys that nobody keeps', async () => {
    const { exitCode, json } = await batch(['--no-register']);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 5, code: 'KEY_REQUIRED' });
  });

  it('registers nothing when somebody else does', async () => {
    const { json } = await batch(
      ['--no-register', '--key-store', `sqlite:${inFolder('unused.sqlite')}`],
      GIVEN,
    );
    expect(json.done).toBe(5);
    expect(existsSync(inFolder('unused.sqlite'))).toBe(false);
    const again = await batch(['--no-register'], GIVEN);
    expect(again.json).toMatchObject({ done: 5, unchanged: 5 });
  });

  it('gives renditions of one content one key, however many jobs run', async () => {
    const lines = ['a.mp4', 'b, "c".m4a', LONG_NAME, 'sub/ü 漢.mp4'].map((input) =>
      JSON.stringify({ input, contentId: `shared ${number}` }),
    );
    writeFileSync(join(media, 'm.jsonl'), lines.join('\n'));
    const { json } = await runCliJson(['batch', join(media, 'm.jsonl'), '--out-dir', out, '--jobs', '4']);
    expect(json).toMatchObject({ done: 4, warnings: [expect.stringContaining('share its keys')] });
    expect(new Set(resultLines().map(({ kids }) => kids![0])).size).toBe(1);
  });

  it('goes on when a thread dies, and leaves nothing of its job', async () => {
    for (const name of ['exits.mp4', 'throws.mp4']) copyFileSync(testMedia('opus.mp4'), join(media, name));
    const { exitCode, json } = await batch(['--jobs', '2'], {
      nodeArgs: ['--import', join(ROOT, 'test/support/dying-threads.mjs')],
    });
    expect({ exitCode, done: json.done, failures: json.failures }).toEqual({
      exitCode: 70,
      done: 5,
      failures: { INTERNAL: 2 },
    });
    const failed = resultLines().filter(({ status }) => status === 'failed');
    expect(failed.map(({ input }) => input).sort()).toEqual(
      ['exits.mp4', 'throws.mp4'].map((name) => join(media, name)),
    );
    expect(partsIn(out)).toEqual([]);
  });

  it('fails for a name that is too long, and for no other', async () => {
    copyFileSync(testMedia('opus.mp4'), join(media, `${'m'.repeat(251)}.mp4`));
    const { exitCode, json } = await batch();
    expect({ exitCode, done: json.done, failures: json.failures }).toEqual({
      exitCode: 6,
      done: 5,
      failures: { OUTPUT_FAILED: 1 },
    });
  });
});

describe('prpack batch --shard', () => {
  it('does its part alone, with results of its own, and goes on with it', async () => {
    const shards = ['0/2', '1/2'];
    const runs = [];
    for (const shard of shards) runs.push(await batch(['--shard', shard]));
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(runs[0]!.json.done + runs[1]!.json.done).toBe(NAMES.length);
    const lines = shards.map((shard) =>
      resultLines(undefined, join(out, `prpack-results.${shard.replace('/', '-of-')}.jsonl`)),
    );
    expect(
      lines
        .flat()
        .map(({ input }) => input)
        .sort(),
    ).toEqual(NAMES.map((name) => join(media, name)).sort());
    const again = await batch(['--shard', '1/2', '--resume']);
    expect(again).toMatchObject({ exitCode: 0, json: { done: 0, skipped: lines[1]!.length } });
  });

  it('has nothing to do where no content falls to it', async () => {
    const shards = ['0/9', '1/9', '2/9', '3/9', '4/9', '5/9', '6/9', '7/9', '8/9'];
    const runs = [];
    for (const shard of shards) runs.push((await batch(['--shard', shard, '--dry-run'])).json.total);
    expect(runs.reduce((sum, total) => sum + total)).toBe(NAMES.length);
    const empty = await batch(['--shard', shards[runs.indexOf(0)]!]);
    expect(empty).toMatchObject({ exitCode: 0, json: { total: 0, done: 0, failed: 0 } });
  });

  it.each(['2/2', '1', '-1/2', '0/0'])('refuses %s', async (shard) => {
    const { exitCode, json } = await batch([`--shard=${shard}`]);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 2, code: 'INVALID_ARGUMENT' });
    expect(existsSync(out)).toBe(false);
  });
});

describe('prpack batch --resume', () => {
  it('skips what is proven, and does what is not', async () => {
    await batch();
    utimesSync(join(media, 'a.mp4'), 1, 1); // the same bytes at another time
    copyFileSync(sample('tone.m4a'), join(media, 'b, "c".m4a')); // other bytes
    appendFileSync(join(out, 'sub/ü 漢.enc.mp4'), 'damage');
    copyFileSync(testMedia('mp3.mp4'), join(media, 'new.mp4'));
    const { exitCode, json } = await batch(['--resume']);
    expect(exitCode).toBe(6);
    expect(json).toMatchObject({ total: 6, done: 1, skipped: 3, failed: 2, failures: { OUTPUT_EXISTS: 2 } });
    const forced = await batch(['--resume', '--force']);
    expect(forced).toMatchObject({ exitCode: 0, json: { done: 2, skipped: 4 } });
    const last = await batch(['--resume']);
    expect(last).toMatchObject({ exitCode: 0, json: { done: 0, skipped: 6 } });
    expect(resultLines(last.json.run).map(({ status }) => status)).toEqual(new Array(6).fill('skipped'));
  });

  it('does again what was done before there were fingerprints, and finds the outputs in place', async () => {
    await batch();
    const path = join(out, 'prpack-results.jsonl');
    const before = resultLines().map(({ fingerprint, outputFingerprint, ...line }) => ({
      ...line,
      fingerprint: { ...fingerprint, digest: undefined, sha256: 'ab'.repeat(32) },
      sha256: outputFingerprint,
    }));
    writeFileSync(path, before.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const first = await batch(['--resume']);
    expect(first).toMatchObject({ exitCode: 0, json: { done: 5, unchanged: 5, skipped: 0 } });
    expect(await batch(['--resume'])).toMatchObject({ exitCode: 0, json: { done: 0, skipped: 5 } });
  });

  it('does again what the key store does not know of, or what was asked for otherwise', async () => {
    await batch();
    const elsewhere = ['--key-store', `sqlite:${inFolder(`other${number}.sqlite`)}`];
    const { json: unknown } = await batch(['--resume', ...elsewhere]);
    expect(unknown).toMatchObject({ skipped: 0, failures: { OUTPUT_EXISTS: 5 } });
    const { json: otherwise } = await batch(['--resume', '--force', '--layout', 'keep']);
    expect(otherwise).toMatchObject({ skipped: 0, done: 5, unchanged: 0 });
  });
});

describe('SIGINT', () => {
  it('ends the jobs in flight, begins no more, and says which are not done', async () => {
    makeLargeSample(join(media, '0.mp4'));
    makeLargeSample(join(media, '1.mp4'));
    let done = false;
    const { exitCode, json } = await batch(['--layout', 'keep', '--jobs', '2'], {
      onStart: async (child: import('node:child_process').ChildProcess) => {
        child.on('exit', () => {
          done = true;
        });
        while (!done && partsIn(out).length < 2) await sleep(1);
        child.kill('SIGINT');
      },
    });
    expect(exitCode).toBe(130);
    expect(json).toMatchObject({ total: 7, done: 0, failed: 2, notStarted: 5, failures: { ABORTED: 2 } });
    expect(resultLines().map(({ error }) => error?.code)).toEqual(['ABORTED', 'ABORTED']);
    expect(readdirSync(out)).toEqual(['prpack-results.jsonl']);
    for (const name of ['0.mp4', '1.mp4']) rmSync(join(media, name));
    const again = await batch(['--layout', 'keep', '--resume']);
    expect(again).toMatchObject({ exitCode: 0, json: { total: 5, done: 5 } });
  });
});

function partsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.part')) : [];
}

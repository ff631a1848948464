import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../src/errors.js';
import { runCli, runCliJson } from '../support/cli.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { failureOfCli } from './failure.js';

const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const INPUT = sample('bars.mp4');

const inFolder = temporaryFolder();
const output = inFolder('out.mp4');

describe('usage errors', () => {
  it.each<[string, string[], string]>([
    ['an unknown command', ['encrpyt'], "unknown command 'encrpyt' (Did you mean encrypt?)"],
    ['an unknown command of pssh', ['pssh', 'bild'], "unknown command 'bild' (Did you mean build?)"],
    [
      'an unknown option',
      ['encrypt', 'a', 'b', '--laurl', 'x'],
      "unknown option '--laurl' (Did you mean --la-url?)",
    ],
    ['an option of another command', ['decrypt', 'a', 'b', '--layout', 'keep'], "unknown option '--layout'"],
    ['a missing input', ['encrypt'], "missing required argument 'input'"],
    ['a missing output', ['encrypt', 'a'], "missing required argument 'output'"],
    ['too many arguments', ['encrypt', 'a', 'b', 'c'], 'too many arguments'],
    [
      'an option without its value',
      ['encrypt', 'a', 'b', '--track'],
      "option '--track <track>' argument missing",
    ],
    ...['out.mpd', 'out.M3U8', 'dir/out.ism', 'out.ismc'].flatMap((name): [string, string[], string][] => [
      [`${name} as output`, ['encrypt', 'a', name], `the output would be an MP4 file, but ${name} names`],
      [
        `${name} as clear output`,
        ['decrypt', 'a', name],
        `the output would be an MP4 file, but ${name} names`,
      ],
    ]),
    ['a track that is none', ['encrypt', 'a', 'b', '--track', 'subtitle'], "--track cannot be 'subtitle'"],
    ['track 0', ['encrypt', 'a', 'b', '--track', '0'], "--track cannot be '0'"],
    [
      'a track id over 32 bits',
      ['encrypt', 'a', 'b', '--track', '4294967296'],
      "--track cannot be '4294967296'",
    ],
    ['another layout', ['encrypt', 'a', 'b', '--layout', 'flat'], "--layout cannot be 'flat'"],
    [
      'no fragment duration',
      ['encrypt', 'a', 'b', '--fragment-duration', '0'],
      "--fragment-duration cannot be '0'",
    ],
    ['another system', ['encrypt', 'a', 'b', '--systems', 'marlin'], "--systems cannot be 'marlin'"],
    ['a system without pssh box', ['encrypt', 'a', 'b', '--systems', 'fairplay'], 'FairPlay has no pssh box'],
    ['another IV size', ['encrypt', 'a', 'b', '--iv-size', '12'], "--iv-size cannot be '12'"],
    [
      'a bare host for a URL',
      ['encrypt', 'a', 'b', '--la-url', 'drm.example.com'],
      "--la-url cannot be 'drm.example.com'",
    ],
    ['a bare host for a page', ['encrypt', 'a', 'b', '--lui-url', 'drm'], "--lui-url cannot be 'drm'"],
    ['a DS_ID of another size', ['encrypt', 'a', 'b', '--ds-id', 'AAAA'], "--ds-id cannot be 'AAAA'"],
    [
      'another header version',
      ['encrypt', 'a', 'b', '--playready-version', '5'],
      "--playready-version cannot be '5'",
    ],
    [
      'a license store that is a file name',
      ['encrypt', '--reserve-license-store', 'a', 'b'],
      "--reserve-license-store cannot be 'a'",
    ],
    [
      'another decryptor setup',
      ['encrypt', 'a', 'b', '--decryptor-setup', 'now'],
      "--decryptor-setup cannot be 'now'",
    ],
    [
      'inline custom attributes',
      ['encrypt', INPUT, output, '--custom-attributes', '<a></a>', '--playready-test'],
      "--custom-attributes cannot be '<a></a>'",
    ],
    [
      'a pssh that is neither base64 nor a file',
      ['encrypt', INPUT, output, '--pssh', '%', '--playready-test'],
      "--pssh cannot be '%'",
    ],
    [
      'two key sources',
      ['encrypt', INPUT, output, '--key-file', 'k', '--playready-test'],
      '--key-file and --playready-test are given together',
    ],
    [
      'three key sources',
      ['encrypt', INPUT, output, '--key-file', 'k', '--key-seed-file', 's', '--kid', KID, '--key', KEY],
      '--key-file and --key-seed-file and --key are given together',
    ],
    ['a KID alone to decrypt', ['decrypt', INPUT, output, '--kid', KID], '--kid is given without a key'],
    [
      'a key store of an unknown kind',
      ['keys', 'list', '--key-store', 'mysql://user:secret@host/keys'],
      '--key-store: this is not the location of a key store',
    ],
    ['an unknown command of keys', ['keys', 'lst'], "unknown command 'lst' (Did you mean list?)"],
    ['a key without a content', ['keys', 'add'], "required option '--content-id <text>' not specified"],
    ['an unknown group', ['encrypt', 'a', 'b', '--key-per', 'codec'], "--key-per cannot be 'codec'"],
    ['an unknown state', ['keys', 'list', '--state', 'lost'], "--state cannot be 'lost'"],
    ['a key alone', ['encrypt', INPUT, output, '--key', KEY], '--key is given without --kid'],
    [
      'a KID beside a key file',
      ['encrypt', INPUT, output, '--key-file', 'k', '--kid', KID],
      '--kid and --key-file are given together',
    ],
    [
      'a KID beside a seed that decrypts',
      ['decrypt', INPUT, output, '--playready-test', '--kid', KID],
      '--kid and --playready-test are given together',
    ],
    [
      'two keys',
      ['encrypt', INPUT, output, '--kid', KID, '--key', KEY, '--key', KEY],
      '--key is given twice',
    ],
    [
      'a PlayReady option without PlayReady',
      ['encrypt', INPUT, output, '--systems', 'common', '--la-url', 'https://a.example/'],
      '--la-url has no effect without the system playready',
    ],
    [
      'the PlayReady test without PlayReady',
      ['encrypt', INPUT, output, '--systems', 'widevine', '--playready-test'],
      '--playready-test has no effect without the system playready',
    ],
    [
      'a pssh without KID',
      ['pssh', 'build'],
      'A PlayReady header without KIDs needs the decryptor setup on-demand.',
    ],
    [
      'one key for two KIDs',
      ['pssh', 'build', '--kid', KID, '--kid', KID, '--key', KEY],
      '--key is given for 2 KIDs',
    ],
    [
      'a PRO of another system',
      ['pssh', 'build', '--kid', KID, '--system', 'common', '--format', 'pro'],
      '--format pro has no meaning for the system common',
    ],
    [
      'a content id for PlayReady',
      ['pssh', 'build', '--kid', KID, '--content-id', 'x'],
      '--content-id has no meaning for the system playready',
    ],
    ['data that is no base64', ['pssh', 'parse', '*'], "<data> cannot be '*'"],
  ])('%s: exit 2', async (_, args, message) => {
    const { report } = await failureOfCli(args);
    expect(report.message).toContain(message);
    expect(report.remedy).toMatch(/\.$/);
    expect({ code: report.code, exitCode: exitCodeOf(report.code) }).toEqual({
      code: 'INVALID_ARGUMENT',
      exitCode: 2,
    });
  });

  it('are one JSON object on stdout and nothing on stderr with --json', async () => {
    expect(await runCli(['encrypt', 'a', '--json'])).toEqual({
      exitCode: 2,
      stdout:
        '{"error":{"code":"INVALID_ARGUMENT","message":"missing required argument \'output\'","remedy":"See prpack encrypt --help."}}\n',
      stderr: '',
    });
  });

  it('are told on stderr, with what to do next, where JSON is not asked for', async () => {
    const { exitCode, stdout, stderr } = await runCli(['encrypt', 'a', 'b', '--iv-size', '12', '--quiet']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(
      "error: --iv-size cannot be '12' [INVALID_ARGUMENT]\n  next  Give --iv-size as 8 or 16.\n",
    );
  });

  it('take --json behind -- for a file name', async () => {
    const { exitCode, stdout } = await runCli(['encrypt', '--', '--json']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});

describe('keys that cannot be: exit 5', () => {
  const badKeys = inFolder('bad.json');
  writeFileSync(badKeys, `{"keys": [{"kid": "${KID}", "key": "${KEY}00"}]}`);
  const badSeed = inFolder('seed.txt');
  writeFileSync(badSeed, 'c2hvcnQ=', { mode: 0o600 });

  it.each<[string, string[], string, string]>([
    ['a malformed KID', ['--kid', 'x', '--key', KEY], 'KEY_INVALID', '--kid: '],
    ['a malformed key', ['--kid', KID, '--key', `${KEY}0`], 'KEY_INVALID', '--key: '],
    ['a key file that is not there', ['--key-file', inFolder('none.json')], 'KEY_SOURCE_FAILED', 'key file'],
    ['a malformed key in a key file', ['--key-file', badKeys], 'KEY_INVALID', badKeys],
    ['a key seed that is too short', ['--key-seed-file', badSeed], 'KEY_INVALID', badSeed],
  ])('%s', async (_, keys, code, message) => {
    const { report } = await failureOfCli(['encrypt', INPUT, output, ...keys]);
    expect({ exitCode: exitCodeOf(report.code), code: report.code }).toEqual({ exitCode: 5, code });
    expect(report.message).toContain(message);
  });

  it.each([
    ['a KID without key', { PRPACK_KID: KID }, 'KEY_REQUIRED'],
    ['a malformed key', { PRPACK_KID: KID, PRPACK_KEY: 'zz' }, 'KEY_INVALID'],
  ])('%s in the environment', async (_, env, code) => {
    const { exitCode, json } = await runCliJson(['encrypt', INPUT, output], { env });
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 5, code });
  });

  it('a KID alone that is not registered', async () => {
    const { report } = await failureOfCli(['encrypt', INPUT, output, '--kid', KID]);
    expect(report).toMatchObject({ code: 'KEY_REQUIRED', message: expect.stringContaining(KID) });
  });
});

describe('a key in the wrong place is not repeated', () => {
  it.each<[string, string[]]>([
    ['as a command', [KEY]],
    ['as a command of pssh', ['pssh', KEY]],
    ['as an option', ['encrypt', 'a', 'b', `--${KEY}`]],
    ['glued to a letter', ['encrypt', 'a', 'b', `-k${KEY}`]],
    ['after a mistyped option', ['encrypt', 'a', 'b', '--keyy', KEY]],
    ['glued to a mistyped option', ['encrypt', 'a', 'b', `--keyy=${KEY}`]],
    ['glued to an option of no value', ['encrypt', 'a', 'b', `--json=${KEY}`]],
    ['as a third file', ['encrypt', 'a', 'b', KEY]],
    ['as the input', ['encrypt', KEY, output, '--playready-test']],
    ['as a KID', ['encrypt', INPUT, output, '--kid', KEY.slice(1), '--key', KEY]],
    ['as a key file', ['encrypt', INPUT, output, '--key-file', KEY]],
    ['as a seed file', ['encrypt', INPUT, output, '--key-seed-file', KEY]],
    ['as a track', ['encrypt', INPUT, output, '--track', KEY]],
    ['as a URL', ['encrypt', INPUT, output, '--la-url', KEY]],
    [
      'as a file of attributes',
      ['encrypt', INPUT, output, '--custom-attributes', `@${KEY}`, '--playready-test'],
    ],
    ['in capitals', ['encrypt', INPUT, output, '--layout', KEY.toUpperCase()]],
    ['twice as long', ['encrypt', INPUT, output, '--layout', KEY + KEY]],
    ['with a digit too few', ['encrypt', INPUT, output, '--kid', KID, '--key', KEY.slice(1)]],
    ['as a command of keys', ['keys', KEY]],
    ['as a registered KID', ['keys', 'show', `${KEY}0`]],
    ['as a key store', ['keys', 'list', '--key-store', KEY]],
    ['as a file of keys', ['keys', 'import', KEY]],
    ['as pssh data', ['pssh', 'parse', KEY.slice(1)]],
  ])('%s', async (_, args) => {
    const { report, text } = await failureOfCli(args);
    expect(`${JSON.stringify(report)}${text}`.toLowerCase()).not.toContain(KEY.slice(1, 12));
  });

  it.each([[[]], [['--json']]])('by the program, with %j', async (flags: string[]) => {
    const { exitCode, stdout, stderr } = await runCli(['encrypt', `--keyy=${KEY}`, ...flags]);
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toContain("unknown option '--keyy'");
    expect(stdout + stderr).not.toContain(KEY.slice(0, 8));
  });

  it('in the environment', async () => {
    const env = { PRPACK_KID: 'x', PRPACK_KEY: KEY };
    const { exitCode, stdout, stderr } = await runCli(['encrypt', INPUT, output], { env });
    expect(exitCode).toBe(5);
    expect(stdout + stderr).not.toContain(KEY.slice(0, 8));
  });
});

// prpack and the programs that are measured next to it: where they are, their versions, and how they encrypt a file.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { PRPACK, print, ROOT, SHAKA } from './support.mjs';
import { loadAverage } from './tables.mjs';

const NODE = process.execPath;
export const KID = '0123456789abcdef0123456789abcdef';
export const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const IV = KID.slice(0, 16);

/** Program to the beginning of its command lines, and what makes it say its version. */
const PROGRAMS = {
  node: { command: [NODE], version: '--version' },
  prpack: { command: [NODE, PRPACK], version: '--version' },
  cp: { command: ['cp'], version: '--version' },
  openssl: { command: ['openssl'], version: 'version' },
  'shaka-packager': { command: [SHAKA], version: '--version' },
  ffmpeg: { command: ['ffmpeg'], version: '-version' },
  MP4Box: {
    command: [process.env.PRPACK_BENCH_MP4BOX || 'MP4Box'],
    version: '-version',
    hint: 'PRPACK_BENCH_MP4BOX names the program',
  },
  mp4encrypt: {
    command: [process.env.PRPACK_BENCH_MP4ENCRYPT || 'mp4encrypt'],
    version: '--version', // it has no such option, and says its version with its usage
    hint: 'PRPACK_BENCH_MP4ENCRYPT names the program',
  },
};

const versions = new Map();

/** First line of what a program says of its version; undefined where it is missing. */
function versionOf(program) {
  if (!versions.has(program)) {
    const { command, version } = PROGRAMS[program];
    const [name, ...args] = [...command, version];
    const { stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8' });
    versions.set(program, error ? undefined : `${stdout}${stderr}`.trim().split('\n')[0].slice(0, 70));
  }
  return versions.get(program);
}

export function isInstalled(program) {
  return versionOf(program) !== undefined;
}

/** The command line of a program. */
export function commandOf(program, ...args) {
  return [...PROGRAMS[program].command, ...args];
}

/** The command line of bench/copy-encrypted.mjs, which says what any program in Node.js takes. */
export function copyEncrypted(...args) {
  return [NODE, join(ROOT, 'bench/copy-encrypted.mjs'), ...args];
}

/** The machine, and all programs with their versions. */
export function printMachine() {
  print(`${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, load average ${loadAverage()}`);
  for (const [program, { hint }] of Object.entries(PROGRAMS)) {
    const missing = `not installed, left out${hint ? ` (${hint})` : ''}`;
    print(`${program.padEnd(16)}${versionOf(program) ?? missing}`);
  }
}

/** Files of keys that programs take, in a folder. */
export function writeKeyFiles(folder) {
  const write = (name, text) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const prpackKeys = (more) => JSON.stringify({ keys: [{ kid: KID, key: KEY, ...more }] });
  return {
    cenc: write('keys.json', prpackKeys({})),
    cbcs: write('cbc-keys.json', prpackKeys({ algorithm: 'AESCBC' })),
    mp4box: write(
      'mp4box.xml',
      `<GPACDRM type="CENC AES-CTR"><CrypTrack IsEncrypted="1" IV_size="8" saiSavedBox="senc">
<key KID="0x${KID}" value="0x${KEY}"/></CrypTrack></GPACDRM>\n`,
    ),
  };
}

export function opensslEncrypt(input, output) {
  return commandOf('openssl', 'enc', '-aes-128-ctr', '-K', KEY, '-iv', KID, '-in', input, '-out', output);
}

/** shaka-packager makes a file of each track. */
export function shakaEncrypt(input, output) {
  const streams = ['audio', 'video'].map(
    (stream) => `in=${input},stream=${stream},output=${output}.${stream}.mp4`,
  );
  const keys = ['--enable_raw_key_encryption', '--keys', `label=:key_id=${KID}:key=${KEY}`];
  const scheme = ['--clear_lead', '0', '--protection_scheme', 'cenc'];
  return commandOf('shaka-packager', '--quiet', ...streams, ...keys, ...scheme);
}

export function ffmpegEncrypt(input, output) {
  const scheme = ['-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', KEY, '-encryption_kid', KID];
  const quiet = ['-nostdin', '-loglevel', 'error', '-y'];
  return commandOf(
    'ffmpeg',
    ...quiet,
    '-i',
    input,
    '-map',
    '0',
    '-c',
    'copy',
    ...scheme,
    '-f',
    'mp4',
    output,
  );
}

export function mp4boxEncrypt(input, output, keys) {
  return commandOf('MP4Box', '-quiet', '-crypt', keys.mp4box, input, '-out', output);
}

/** mp4encrypt takes a key for each track; these files have two. */
export function mp4encryptEncrypt(input, output) {
  const tracks = [1, 2].flatMap((id) => ['--key', `${id}:${KEY}:${IV}`, '--property', `${id}:KID:${KID}`]);
  return commandOf('mp4encrypt', '--method', 'MPEG-CENC', ...tracks, input, output);
}

#!/usr/bin/env node
// How fast does `prpack encrypt` turn one object of S3 into another, next to what the same client takes to download the one, and to upload the
// other? Programs take turns; the server is a process of its own.
//
//   npm run build && node bench/s3.mjs [--bytes 2e9] [--runs 3] [--endpoint http://127.0.0.1:8000] [--folder /dev/shm] [--quick]
//
// Without --endpoint, it starts s3rver, which is one process of JavaScript, and mostly what all rows wait for. A server that is named has the buckets
// `media` and `out`; credentials come from the environment.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeFile } from './media.mjs';
import { measure } from './processes.mjs';
import { commandOf } from './programs.mjs';
import { startIfMain } from './start.mjs';
import { hasRoom, homeIn, inFolder, print, ROOT } from './support.mjs';
import { inTurn, printLoad, printTable, printTitle } from './tables.mjs';

const CLIENT = join(ROOT, 'bench/s3-client.mjs');
const SERVER = join(ROOT, 'bench/s3-server.mjs');
/** The input, what s3rver has of it and of the output, its parts, and two temporary files. */
const FILES_AT_ONCE = 7;
const LEAST_SPEED = 0.7;
const MOST_MB = 300;

async function run({ bytes, runs, endpoint, folder: parent }) {
  printTitle(`S3 to S3, ${(bytes / 1e9).toFixed(1)} GB, ${endpoint || 's3rver'}`);
  return await inFolder(parent, async (folder) => {
    if (!hasRoom(folder, bytes * FILES_AT_ONCE, 'S3')) return [];
    const input = await makeFile(folder, bytes);
    const server = endpoint ? { endpoint, stop() {} } : await startServer(folder);
    try {
      const env = environmentOf(folder, server.endpoint);
      await measure(['node', CLIENT, 'put', input, 'media/in.mp4'], { env });
      return report(await measureInTurn({ folder, input, env, runs }), statSync(input).size);
    } finally {
      server.stop();
    }
  });
}

async function startServer(folder) {
  const child = spawn(process.execPath, [SERVER, join(folder, 'objects')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(child.stdout, 'data');
  process.on('exit', () => child.kill());
  return { endpoint: `http://127.0.0.1:${port.toString().trim()}`, stop: () => child.kill() };
}

function environmentOf(folder, endpoint) {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  return {
    AWS_ACCESS_KEY_ID: 'S3RVER',
    AWS_SECRET_ACCESS_KEY: 'S3RVER',
    AWS_REGION: 'us-east-1',
    ...homeIn(folder),
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    TMPDIR: temporary,
  };
}

function measureInTurn({ folder, input, env, runs }) {
  const measured =
    (...command) =>
    () =>
      measure(command, { env });
  const encrypt = ['encrypt', 's3://media/in.mp4', 's3://out/film.mp4', '--force'];
  const rows = [
    { name: 'download', measure: measured('node', CLIENT, 'get', 'media/in.mp4', join(folder, 'copy.mp4')) },
    { name: 'upload', measure: measured('node', CLIENT, 'put', input, 'out/copy.mp4') },
    { name: 'prpack', measure: measured(...commandOf('prpack', ...encrypt)) },
  ];
  return inTurn(rows, runs);
}

function report(results, sizeBytes) {
  const wallOf = (name) => results.get(name).wall.median;
  const rows = [...results].map(([name, { wall, cpu, mb }]) => [
    name,
    wall.median.toFixed(2),
    wall.least.toFixed(2),
    (sizeBytes / 1e6 / wall.median).toFixed(0),
    (wall.median / wallOf('download')).toFixed(2),
    (wall.median / (wallOf('download') + wallOf('upload'))).toFixed(2),
    cpu.median.toFixed(2),
    mb.median.toFixed(0),
  ]);
  printLoad();
  printTable(['program', 'wall s', 'least', 'MB/s', '× download', '× both', 'CPU s', 'peak MB'], rows);
  const { mb } = results.get('prpack');
  print('both: download and upload, one after the other');
  return [
    {
      name: 'S3 to S3: time of a download',
      measured: wallOf('prpack') / wallOf('download'),
      atMost: 1 / LEAST_SPEED,
    },
    { name: 'S3 to S3: peak MB', measured: mb.median, atMost: MOST_MB },
  ];
}

export const s3 = {
  settings: { bytes: 2e9, runs: 3, endpoint: '' },
  quick: { bytes: 2e7, runs: 1 },
  run,
};

await startIfMain(import.meta.url, s3);

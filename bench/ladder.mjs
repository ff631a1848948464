#!/usr/bin/env node
// What does it cost to package a title? A ladder of five renditions with sound, and sound in a second language, by `prpack package` and
// by shaka-packager, as a file a track and as a file a segment. Ratios are to shaka-packager.
//
//   npm run build && node bench/ladder.mjs [--ladder-minutes 20] [--runs 5] [--folder /dev/shm] [--quick]

import { mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ladderBytes, makeLadder } from './media.mjs';
import { measure } from './processes.mjs';
import { commandOf, copyEncrypted, isInstalled, KEY, KID } from './programs.mjs';
import { startIfMain } from './start.mjs';
import { hasRoom, homeIn, inFolder, print } from './support.mjs';
import { inTurn, printLoad, printResults, printTitle } from './tables.mjs';

const AUDIO_KID = KID.replaceAll('0', 'f');
const PEAK_MB = 250;

/** How a presentation is addressed: where shaka-packager writes a track, and what is wanted of us. */
const FORMS = {
  files: {
    output: (path) => `output=${path}.mp4`,
    atLeastTimesFaster: 4,
  },
  segments: {
    output: (path) => `init_segment=${path}-init.mp4,segment_template=${path}-$Number$.m4s`,
    atLeastTimesFaster: 1,
  },
};

const PRPACK_ROW = 'prpack package';
const PEER_ROW = 'shaka-packager';

function prpackPackage({ renditions, german }, out, form, round) {
  return commandOf(
    ...['prpack', 'package', ...renditions, german, '--out-dir', out, '--addressing', form, '--quiet'],
    ...['--content-id', `${form} ${round}`, '--la-url', 'https://license.example/rm.asmx'],
  );
}

function shakaPackage({ renditions, german }, out, form) {
  const { output } = FORMS[form];
  const videos = renditions.map((input, i) => {
    const lists = `playlist_name=v${i}.m3u8,iframe_playlist_name=v${i}-iframes.m3u8`;
    return `in=${input},stream=video,drm_label=VIDEO,${output(join(out, `v${i}`))},${lists}`;
  });
  const audios = Object.entries({ en: renditions[0], de: german }).map(([language, input]) => {
    const lists = `playlist_name=${language}.m3u8,hls_group_id=audio`;
    return `in=${input},stream=audio,language=${language},drm_label=AUDIO,${output(join(out, language))},${lists}`;
  });
  const keys = `label=VIDEO:key_id=${KID}:key=${KEY},label=AUDIO:key_id=${AUDIO_KID}:key=${KEY}`;
  return commandOf(
    ...['shaka-packager', '--quiet', ...videos, ...audios, '--enable_raw_key_encryption', '--keys', keys],
    ...['--clear_lead', '0', '--protection_systems', 'PlayReady'],
    ...['--segment_duration', '6', '--fragment_duration', '2'],
    ...['--mpd_output', join(out, 'manifest.mpd'), '--hls_master_playlist_output', join(out, 'main.m3u8')],
  );
}

/** All inputs as they are, read back: less than any program in Node.js needs that reads all of them, writes as much, and looks at it. */
function copyAll({ renditions, german }, out) {
  const pairs = [...renditions, german].flatMap((input) => [input, join(out, basename(input))]);
  return copyEncrypted('--read-back', ...pairs);
}

async function run({ folder: parent, runs, 'ladder-minutes': minutes }) {
  printTitle(`A title of five renditions and two languages, ${minutes} min`);
  return await inFolder(parent, async (folder) => {
    if (!hasRoom(folder, ladderBytes(minutes) * 2.2 + 50e6, 'the title')) {
      return Object.keys(FORMS).flatMap((form) => barsOf(form, new Map()));
    }
    const title = await makeLadder(folder, minutes);
    const results = await inTurn(rowsOf(title, folder), runs);
    print(`${runs} rounds`);
    printLoad();
    return Object.keys(FORMS).flatMap((form) => {
      print(`--addressing ${form}`);
      const ofForm = [...results].filter(([name]) => name.startsWith(form));
      const table = new Map(ofForm.map(([name, result]) => [name.slice(form.length + 2), result]));
      printResults(table, { bases: [PEER_ROW] });
      print();
      return barsOf(form, table);
    });
  });
}

/** Rows of both forms, which take turns. */
function rowsOf(title, folder) {
  const out = join(folder, 'out');
  const env = homeIn(folder);
  const row = (name, command, more) => ({
    name,
    ...more,
    measure: (round) => {
      rmSync(out, { recursive: true, force: true });
      if (!name.endsWith(PRPACK_ROW)) mkdirSync(out);
      return measure(command(round), { env });
    },
  });
  const forms = Object.keys(FORMS).flatMap((form) => [
    row(`${form}: ${PRPACK_ROW}`, (round) => prpackPackage(title, out, form, round)),
    ...(isInstalled('shaka-packager')
      ? [row(`${form}: ${PEER_ROW}`, () => shakaPackage(title, out, form), { isPeer: true })]
      : []),
  ]);
  return [...forms, row('files: Node.js alone, read back', () => copyAll(title, out))];
}

function barsOf(form, table) {
  const prpack = table.get(PRPACK_ROW);
  const peerSeconds = table.get(PEER_ROW)?.wall.median;
  return [
    {
      name: `title, ${form}: times faster than shaka-packager`,
      measured: peerSeconds / prpack?.wall.median,
      atLeast: FORMS[form].atLeastTimesFaster,
    },
    { name: `title, ${form}: peak MB`, measured: prpack?.mb.median, atMost: PEAK_MB },
  ];
}

export const ladder = {
  settings: { 'ladder-minutes': 20, runs: 5 },
  quick: { 'ladder-minutes': 1, runs: 1 },
  run,
};

await startIfMain(import.meta.url, ladder);

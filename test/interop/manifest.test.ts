import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeManifests } from '../../src/index.js';
import { KEY, KID } from '../support/jobs.js';
import { rendition, voice, writeMovie } from '../support/ladder.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, shaka } from '../support/tools.js';

const temporary = temporaryFolder();

/** A title of shaka-packager, with its own manifests put aside. */
function packaged(scheme: 'cenc' | 'cbcs', inSegments: boolean): string {
  const folder = temporary(`${scheme}-${inSegments}`);
  mkdirSync(folder);
  const inputs = [
    ['video', writeMovie(`${folder}.v1.mp4`, [rendition(320, 180)]), 'v180'],
    ['video', writeMovie(`${folder}.v2.mp4`, [rendition(160, 90)]), 'v90'],
    ['audio', writeMovie(`${folder}.a.mp4`, [voice(1)]), 'a'],
  ];
  const streams = inputs.map(([stream, path, name]) =>
    inSegments
      ? `in=${path},stream=${stream},init_segment=${join(folder, name, 'init.mp4')},segment_template=${join(folder, name, '$Number$.m4s')}`
      : `in=${path},stream=${stream},output=${join(folder, `${name}.mp4`)}`,
  );
  shaka(
    ...streams,
    ...['--enable_raw_key_encryption', '--keys', `label=:key_id=${KID.replaceAll('-', '')}:key=${KEY}`],
    ...[
      '--protection_systems',
      'PlayReady,Widevine,CommonSystem',
      '--protection_scheme',
      scheme,
      '--clear_lead',
      '0',
    ],
    ...['--segment_duration', '1', '--mpd_output', join(folder, 'theirs.mpd'), '--generate_static_live_mpd'],
    ...['--hls_master_playlist_output', join(folder, 'theirs.m3u8')],
  );
  return folder;
}

/** What players need of an MPD: by the name of the media, everything that says where and when it is, and what key it has. */
function factsOf(mpd: string): Record<string, unknown> {
  const sets = mpd.split('<AdaptationSet').slice(1);
  const facts: Record<string, unknown> = {};
  for (const set of sets) {
    const kid = /default_KID="([^"]+)"/.exec(set)![1];
    const data = [...set.matchAll(/<(?:cenc:pssh|mspr:pro)>([^<]+)</g)].map(([, text]) => text).sort();
    for (const one of set.split('<Representation').slice(1)) {
      const value = (name: string) => new RegExp(`[ <]${name}="([^"]+)"`).exec(one)?.[1];
      const name = /<BaseURL>([^<]+)/.exec(one)?.[1] ?? value('initialization')!;
      facts[name] = {
        kid,
        data,
        times: timesOf(one),
        ...Object.fromEntries(
          ['codecs', 'indexRange', 'range', 'timescale', 'media', 'startNumber'].map((key) => [
            key,
            value(key),
          ]),
        ),
      };
    }
  }
  return facts;
}

/** Every segment of a timeline with its start and duration. */
function timesOf(representation: string): [number, number][] {
  let next = 0;
  return [...representation.matchAll(/<S ([^>]*)\/>/g)].flatMap(([, text]) => {
    const value = (name: string) => new RegExp(`\\b${name}="(\\d+)"`).exec(text)?.[1];
    next = Number(value('t') ?? next);
    return Array.from({ length: Number(value('r') ?? 0) + 1 }, (): [number, number] => {
      const start = next;
      next += Number(value('d'));
      return [start, Number(value('d'))];
    });
  });
}

describeWith(['shaka-packager'], 'what shaka-packager packages', () => {
  it.each([
    ['cenc', false],
    ['cbcs', false],
    ['cenc', true],
    ['cbcs', true],
  ] as const)('%s, in segments %s: manifests say the same as its own', async (scheme, inSegments) => {
    const outDir = packaged(scheme, inSegments);
    const theirs = readFileSync(join(outDir, 'theirs.mpd'), 'utf8');
    renameSync(join(outDir, 'theirs.mpd'), temporary(`${scheme}-${inSegments}.mpd`));
    await writeManifests({ inputs: [outDir], outDir });
    const ours = readFileSync(join(outDir, 'manifest.mpd'), 'utf8');
    expect(factsOf(ours)).toEqual(factsOf(theirs));
  });
});

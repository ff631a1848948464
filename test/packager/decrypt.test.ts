import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decrypt, inspect, parseKeyFile } from '../../src/index.js';
import { fullBox, u32 } from '../support/builder/boxes.js';
import { audioTrackOf, type BuiltTrack } from '../support/builder/movie.js';
import { writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { protect } from '../support/builder/protect.js';
import { encryptTo, KEY, KID, testKeys } from '../support/jobs.js';
import { readMovie } from '../support/mp4-reader.js';
import { fingerprints } from '../support/sample-hashes.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, shaka } from '../support/tools.js';

const temporary = temporaryFolder();
const KID2 = '22222222-2222-2222-2222-222222222222';
const KEY2 = '00112233445566778899aabbccddeeff';

function keysOf(pairs: readonly (readonly [kid: string, key: string])[]) {
  return parseKeyFile(JSON.stringify({ keys: pairs.map(([kid, key]) => ({ kid, key })) }), 'keys.json');
}

/** Hashes of the samples of the first track of a kind. */
function hashes(path: string, handler = 'soun'): string[] {
  const movie = readMovie(path);
  const track = movie.tracks.find((candidate) => candidate.handler === handler)!;
  return fingerprints(movie, track).map(({ md5 }) => md5);
}

/** A progressive track whose first two samples are under one key, and the other two under another. */
function twoKeys(clear: BuiltTrack): BuiltTrack {
  const common = { style: 'cenc', ivSize: 8, clearBytes: 0 } as const;
  const first = protect(clear, { ...common, kid: KID, keyHex: KEY });
  const second = protect(clear, { ...common, kid: KID2, keyHex: KEY2 });
  const samples = [
    ...first.samples.slice(0, 2),
    ...second.samples.slice(2).map((one) => ({ ...one, entry: 1 })),
  ];
  const senc = fullBox('senc', 0, 0, u32(4), ...samples.map(({ aux }) => aux!.iv));
  return { ...clear, entries: [...first.entries, ...second.entries], samples, trakBoxes: [senc] };
}

describe('decrypt', () => {
  it('uses the key of each sample entry', async () => {
    const clear = audioTrackOf([100, 200, 300, 400]);
    writePieces(temporary('clear.mp4'), progressive([clear], { chunkSamples: 2 }));
    writePieces(temporary('two.mp4'), progressive([twoKeys(clear)], { chunkSamples: 2 }));
    const keys = keysOf([
      [KID, KEY],
      [KID2, KEY2],
    ]);
    await decrypt({ input: temporary('two.mp4'), output: temporary('two.clear.mp4'), keys });
    expect(hashes(temporary('two.clear.mp4'))).toEqual(hashes(temporary('clear.mp4')));
    const missing = decrypt({ input: temporary('two.mp4'), output: temporary('no.mp4'), keys: testKeys });
    await expect(missing).rejects.toMatchObject({ code: 'KEY_REQUIRED', details: { expected: KID2 } });
    expect(readdirSync(temporary('')).filter((name) => name.includes('no.mp4'))).toEqual([]);
  });

  it('refuses what is not encrypted', async () => {
    const job = decrypt({ input: sample('bars.mp4'), output: temporary('x.mp4'), keys: testKeys });
    await expect(job).rejects.toMatchObject({ code: 'NOT_ENCRYPTED' });
  });

  it('leaves nothing when it is stopped', async () => {
    await encryptTo(sample('bars.mp4'), temporary('bars.mp4'));
    const stop = new AbortController();
    const phases: string[] = [];
    const job = decrypt({
      input: temporary('bars.mp4'),
      output: temporary('stopped.mp4'),
      keys: testKeys,
      signal: stop.signal,
      onProgress: ({ phase }) => {
        phases.push(phase);
        if (phase === 'check') stop.abort();
      },
    });
    await expect(job).rejects.toMatchObject({ code: 'ABORTED' });
    expect(phases).toContain('check');
    expect(readdirSync(temporary('')).filter((name) => name.includes('stopped'))).toEqual([]);
  });
});

describeWith(['shaka-packager'], 'decrypt, of shaka-packager with key rotation', () => {
  /** Its keys for tests: KID and key rotated by one byte to the left a period. */
  const rotated = (hex: string, by: number) => hex.slice(2 * by) + hex.slice(0, 2 * by);

  it.each(['video', 'audio'] as const)('%s', async (stream) => {
    const encrypted = temporary(`rotated.${stream}.mp4`);
    const kid = KID.replaceAll('-', '');
    shaka(
      ...[`in=${sample('bars.mp4')},stream=${stream},output=${encrypted}`, '--enable_raw_key_encryption'],
      ...['--keys', `label=:key_id=${kid}:key=${KEY}`, '--clear_lead', '1', '--crypto_period_duration', '1'],
      ...['--segment_duration', '1'],
    );
    const keys = keysOf(Array.from({ length: 8 }, (_, i) => [rotated(kid, i), rotated(KEY, i)] as const));
    const output = temporary(`rotated.${stream}.clear.mp4`);
    await decrypt({ input: encrypted, output, keys });
    const handler = stream === 'video' ? 'vide' : 'soun';
    expect(hashes(output, handler)).toEqual(hashes(sample('bars.mp4'), handler));
    expect(hashes(encrypted, handler)).not.toEqual(hashes(output, handler));
    expect((await inspect(output)).tracks.some((track) => track.encrypted)).toBe(false);
  });
});

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { PrpackError } from '../../src/errors.js';
import {
  decrypt,
  type EncryptStreamOptions,
  encrypt,
  encryptStream,
  inspect,
  readKeyFile,
  storedKeyLookup,
} from '../../src/index.js';
import type { KeyRegistration, PackagerKeyStore } from '../../src/keystore/key-store.js';
import { storeIn } from '../keystore/helpers.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, type BuiltTrack, tracksOf } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import {
  encryptBy,
  hexOf,
  INPUTS,
  keyOfPeriodKid,
  periodKey,
  periodKeys,
  periodOfKid,
  trafsOf,
  typesIn,
  type Way,
} from '../support/crypto-periods.js';
import { testKeys, tracesOf } from '../support/jobs.js';
import { readMovie } from '../support/mp4-reader.js';
import { fingerprintsOf } from '../support/sample-hashes.js';
import { testMedia } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { Collected, streamOf } from './stream/streams.js';

const temporary = temporaryFolder();
const WAYS: readonly Way[] = ['file', 'stream'];
const SCHEMES = ['cenc', 'cbcs'] as const;
const SCHEDULES = [
  { name: 'rotation', cryptoPeriodSeconds: 1.9 },
  { name: 'rotation after a clear lead', cryptoPeriodSeconds: 1.9, clearLeadSeconds: 1.5 },
] as const;
const CASES = WAYS.flatMap((way) =>
  SCHEMES.flatMap((scheme) => SCHEDULES.map((schedule) => ({ way, scheme, ...schedule }))),
);

describe.each(CASES)('$name, $scheme, of a $way', ({ way, scheme, name, ...options }) => {
  const output = () => temporary(`${way}.${scheme}.${name}.mp4`);
  const clearLeadSeconds = 'clearLeadSeconds' in options ? (options.clearLeadSeconds as number) : 0;
  const keys = periodKeys(20, scheme);
  const encrypted = async () => {
    const result = await encryptBy(way, output(), { keys, scheme, ...options });
    const movie = readMovie(output());
    const fragments = trafsOf(movie).map((trafs) => {
      const startSeconds = Math.min(...trafs.map((traf) => traf.startSeconds));
      const period = startSeconds < clearLeadSeconds ? undefined : Math.floor(startSeconds / 1.9);
      return { trafs, period };
    });
    const used = new Set(fragments.flatMap((fragment) => fragment.period ?? []));
    // A stream begins before its first protected fragment is known: it names the period in which the clear lead ends.
    const first = way === 'stream' ? Math.floor(clearLeadSeconds / 1.9) : [...used][0];
    return { result, movie, fragments, first, periods: [...used.add(first)].sort() };
  };

  it('is undone by decrypt, and by a second implementation', async () => {
    const { result } = await encrypted();
    const clear = temporary('clear.mp4');
    await decrypt({ input: output(), output: clear, keys, force: true });
    const wanted = fingerprintsOf(INPUTS[way]);
    expect(fingerprintsOf(clear)).toEqual(wanted);
    expect(fingerprintsOf(output(), keyOfPeriodKid)).toEqual(wanted);
    for (const track of result.tracks) expect(track.kids?.[0]).toBe(track.kid);
  });

  it('has every track of a fragment under the key of the period that it begins in', async () => {
    const { fragments, result, periods } = await encrypted();
    expect(periods.length).toBeGreaterThan(1);
    for (const { trafs, period } of fragments) {
      for (const { kid } of trafs) expect(kid && periodOfKid(kid)).toBe(period);
    }
    for (const { kids } of result.tracks) expect(kids).toEqual(periods.map((index) => periodKey(index).kid));
    const inspected = await inspect({ input: output() });
    const found = inspected.tracks[0].keys!.map(({ kid }) => periodOfKid(kid));
    expect(found).toEqual([...new Set(fragments.flatMap(({ period }) => period ?? []))]);
  });

  it('says so by one run and one entry in each protected traf, byte for byte', async () => {
    const { movie, fragments } = await encrypted();
    for (const { trafs, period } of fragments) {
      for (const { node, track, samples, kid } of trafs) {
        const groups = node.children.filter(({ data }) => data.toString('latin1', 4, 8) === 'seig');
        if (period === undefined) {
          expect(groups).toEqual([]);
          expect(typesIn(node)).not.toContain('senc');
          continue;
        }
        // Box head, version 0, 'seig', one run: all samples, first entry of this traf.
        const sbgp = `0000001c7362677000000000736569670000000${1}${hex32(samples)}00010001`;
        const isVideo = track.handler === 'vide';
        const isCbcs = scheme === 'cbcs';
        const iv = isCbcs ? `10${track.entries[0].tenc!.constantIv!.toString('hex')}` : '';
        const seig = `00${isCbcs && isVideo ? '19' : '00'}01${isCbcs ? '00' : '08'}${kid!.replaceAll('-', '')}${iv}`;
        const entryBytes = isCbcs ? 37 : 20;
        // Box head, version 1, 'seig', default_length, one entry.
        const sgpd = `${hex32(24 + entryBytes)}736770640100000073656967${hex32(entryBytes)}00000001${seig}`;
        expect(groups.map((group) => hexOf(movie, group))).toEqual([sbgp, sgpd]);
        const [at, next] = groups.map((group) => node.children.indexOf(group));
        expect(next).toBe(at + 1);
      }
    }
  });

  it('has the pssh boxes of its period at the end of each protected moof, and the first of them in moov', async () => {
    const { movie, fragments, first } = await encrypted();
    const perMoof = movie.moofs.map((moof) => moof.all('pssh').map((pssh) => hexOf(movie, pssh)));
    for (const [i, { period }] of fragments.entries()) {
      const types = typesIn(movie.moofs[i]);
      if (period === undefined) {
        expect(perMoof[i]).toEqual([]);
        continue;
      }
      expect(types.slice(-2)).toEqual(['pssh', 'pssh']);
      const [, common] = perMoof[i];
      // Version 1, SystemID of W3C Common, one KID, no data.
      const kid = periodKey(period).kid.replaceAll('-', '');
      expect(common).toBe(`0000003470737368010000001077efecc0b24d02ace33c1e52e2fb4b00000001${kid}00000000`);
    }
    const { kid } = periodKey(first);
    const ofFirst = fragments.findIndex(({ period }) => period === first);
    if (ofFirst >= 0) expect(movie.pssh.map((bytes) => bytes.toString('hex'))).toEqual(perMoof[ofFirst]);
    expect(movie.pssh[1].toString('hex')).toContain(kid.replaceAll('-', ''));
    for (const { entries } of movie.tracks) expect(entries[0].tenc?.kid).toBe(kid);
  });

  it('has a second sample entry only for a clear lead', async () => {
    const { movie } = await encrypted();
    for (const { entries } of movie.tracks) expect(entries.length).toBe(clearLeadSeconds > 0 ? 2 : 1);
  });
});

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}

describe('a crypto period', () => {
  /** Fragments of a second, each presented half a second after it is decoded. */
  function lateTrack(id: number, cto: number): BuiltTrack {
    const track = audioTrackOf(
      Array.from({ length: 50 }, () => 40),
      id,
    );
    const samples = track.samples.map((one) => ({ ...one, duration: 100, cto }));
    return { ...track, timescale: 1000, samples };
  }

  it.each(WAYS)(
    'is that of the earliest presentation in a fragment of a %s, not of decoding',
    async (way) => {
      const bytes = toBytes(fragmented([lateTrack(1, 900), lateTrack(2, 500)]));
      const output = temporary('late.mp4');
      const input = temporary('late.source.mp4');
      writeFileSync(input, bytes);
      const options = { keys: periodKeys(), cryptoPeriodSeconds: 1.5, output };
      await encryptStream(
        way === 'file'
          ? { ...options, input, fragmentDurationSeconds: 1, force: true }
          : { ...options, input: streamOf(bytes), force: true },
      );
      // Presented from 0.5, 1.5, 2.5, 3.5 and 4.5 s on; decoded from 0, 1, 2, 3 and 4.
      const periods = trafsOf(readMovie(output)).map((trafs) => trafs.map(({ kid }) => periodOfKid(kid!)));
      expect(periods).toEqual([0, 1, 1, 2, 3].map((period) => [period, period]));
    },
  );

  it('may be longer than the movie: one key, by key groups all the same', async () => {
    const output = temporary('one-period.mp4');
    const result = await encryptBy('file', output, { keys: periodKeys(), cryptoPeriodSeconds: 3600 });
    expect(result.tracks[0].kids).toEqual([periodKey(0).kid]);
    expect(fingerprintsOf(output, keyOfPeriodKid)).toEqual(fingerprintsOf(INPUTS.file));
  });

  it('that comes back has its key again', async () => {
    // The third fragment is at 0 again.
    const track = audioTrackOf(Array.from({ length: 40 }, () => 60));
    const delay = (_: number, fragment: number) => (fragment === 2 ? -2 * 10 * 1024 : 0);
    const bytes = toBytes(fragmented([track], { delay }));
    const output = temporary('back.mp4');
    const keysOut = temporary('back.keys.json');
    const result = await encryptStream({
      ...{ input: streamOf(bytes), output, keysOut, contentId: 'back' },
      ...{ keys: periodKeys(), cryptoPeriodSeconds: 0.2 },
    });
    const kids = trafsOf(readMovie(output)).map(([{ kid }]) => kid!);
    expect(kids.map(periodOfKid)).toEqual([0, 1, 0, 1]);
    expect(result.tracks[0].kids).toEqual([periodKey(0).kid, periodKey(1).kid]);
    expect((await readKeyFile(keysOut)).entries.map(({ kid }) => kid)).toEqual([
      periodKey(0).kid,
      periodKey(1).kid,
    ]);
  });
});

describe('no counter block is used twice under a key', () => {
  const cases = WAYS.flatMap((way) =>
    ([8, 16] as const).flatMap((ivSize) => SCHEDULES.map((schedule) => ({ way, ivSize, schedule }))),
  );
  it.each(cases)(
    'of a $way, with IVs of $ivSize bytes, $schedule.name',
    async ({ way, ivSize, schedule }) => {
      const output = temporary('counters.mp4');
      const { name: _, ...options } = schedule;
      await encryptBy(way, output, { keys: periodKeys(), ivSize, ...options });
      const used = new Set<string>();
      let blocks = 0;
      for (const { samples } of readMovie(output).tracks) {
        for (const { iv, groupKid, subsamples, size } of samples) {
          if (!iv) continue;
          const hidden = subsamples ? subsamples.reduce((sum, [, bytes]) => sum + bytes, 0) : size;
          const counter = iv.length === 16 ? iv : Buffer.concat([iv, Buffer.alloc(8)]);
          const low = counter.readBigUInt64BE(8);
          for (let block = 0; block < Math.ceil(hidden / 16); block++, blocks++) {
            used.add(
              `${groupKid} ${counter.toString('hex', 0, 8)} ${BigInt.asUintN(64, low + BigInt(block))}`,
            );
          }
        }
      }
      expect(blocks).toBeGreaterThan(1000);
      expect(used.size).toBe(blocks);
    },
  );
});

/** A key store that notes what it is asked, in the order of all that happens. */
function notingStore(events: string[], failAt = Number.POSITIVE_INFINITY): PackagerKeyStore {
  let calls = 0;
  return {
    location: 'noting:',
    findByContentId: async () => [],
    async register(registrations: readonly KeyRegistration[]) {
      if (calls++ === failAt) throw new PrpackError('KEY_STORE_FAILED', 'the store is gone');
      for (const { kid, period } of registrations) events.push(`register ${period} ${kid}`);
      return registrations.map(({ key: _, ...description }) => ({
        outcome: 'created' as const,
        record: { ...description, state: 'pending', checksum: '', outputs: [], createdAt: '', updatedAt: '' },
      }));
    },
    async markActive(kids: readonly string[]) {
      events.push(...kids.map((kid) => `active ${kid}`));
    },
  } as PackagerKeyStore;
}

/** Notes the KID of each fragment that leaves. */
class NotedOutput extends Collected {
  readonly #events: string[];

  constructor(events: string[]) {
    super();
    this.#events = events;
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error) => void): void {
    const at = chunk.indexOf('seig', chunk.indexOf('sgpd'));
    if (chunk.includes('moof') && at > 0) {
      const kid = chunk.toString('hex', at + 16, at + 32);
      this.#events.push(`leaves ${kid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`);
    }
    super._write(chunk, encoding, done);
  }
}

describe('the keys of a stream', () => {
  const stream = () => streamOf(readFileSync(INPUTS.stream));
  const options = { contentId: 'film', cryptoPeriodSeconds: 1.9 };

  it('are registered before the first fragment that needs them leaves, and active at the end', async () => {
    const events: string[] = [];
    const output = new NotedOutput(events);
    const result = await encryptStream({
      input: stream(),
      output,
      keyStore: notingStore(events),
      ...options,
    });
    const kids = result.tracks[0].kids!;
    expect(kids.length).toBeGreaterThan(1);
    const order = kids.flatMap((kid, period) => [`register ${period} ${kid}`, `leaves ${kid}`]);
    expect([...new Set(events)]).toEqual([...order, ...kids.map((kid) => `active ${kid}`)]);
  });

  it('that cannot be registered stop it before a fragment of their period leaves', async () => {
    const events: string[] = [];
    const output = new NotedOutput(events);
    const keyStore = notingStore(events, 1);
    const failed = encryptStream({ input: stream(), output, keyStore, ...options });
    await expect(failed).rejects.toMatchObject({ code: 'KEY_STORE_FAILED' });
    const [, kid] = /^register 0 (.*)$/.exec(events[0])!;
    expect([...new Set(events.slice(1))]).toEqual([`leaves ${kid}`]);
  });

  it('that cannot be registered leave no file', async () => {
    const output = temporary('failed.mp4');
    const keyStore = notingStore([], 1);
    const failed = encryptStream({ input: stream(), output, keyStore, ...options });
    await expect(failed).rejects.toMatchObject({ code: 'KEY_STORE_FAILED' });
    expect(tracesOf(output)).toEqual([]);
  });

  it('are those that the content has in the store already', async () => {
    const keyStore = storeIn(temporary('stream-store'));
    const run = async () => {
      const output = new Collected();
      const result = await encryptStream({ input: stream(), output, keyStore, ...options });
      return result.tracks.map(({ kids }) => kids);
    };
    try {
      expect(await run()).toEqual(await run());
    } finally {
      await keyStore.close();
    }
  });
});

describe('a rerun on finished work', () => {
  const cases = [
    { cryptoPeriodSeconds: 1.9 },
    { cryptoPeriodSeconds: 1.9, ivSize: 16 as const },
    { cryptoPeriodSeconds: 1.9, scheme: 'cbcs' as const },
    { cryptoPeriodSeconds: 1.9, clearLeadSeconds: 1.5 },
    { clearLeadSeconds: 1.5 },
    { clearLeadSeconds: 1.5, ivSize: 16 as const },
    { clearLeadSeconds: 1.5, scheme: 'cbcs' as const },
    { cryptoPeriodSeconds: 1.9, keyPer: 'type' as const },
  ];
  it.each(cases)('%j changes nothing and finds its keys', async (schedule) => {
    const name = JSON.stringify(schedule).replaceAll(/\W/g, '');
    const output = temporary(`${name}.mp4`);
    const keyStore = storeIn(temporary(`${name}.store`));
    try {
      const job = { input: INPUTS.file, output, keyStore, fragmentDurationSeconds: 1, ...schedule };
      const first = await encrypt(job);
      const { mtimeMs } = statSync(output);
      const second = await encrypt(job);
      expect([first.unchanged, second.unchanged]).toEqual([false, true]);
      expect(statSync(output).mtimeMs).toBe(mtimeMs);
      expect(second.tracks).toEqual(first.tracks);
      const clear = temporary(`${name}.clear.mp4`);
      await decrypt({ input: output, output: clear, keys: storedKeyLookup(keyStore) });
      expect(fingerprintsOf(clear)).toEqual(fingerprintsOf(INPUTS.file));
      const other = { ...job, cryptoPeriodSeconds: 2.9 };
      await expect(encrypt(other)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    } finally {
      await keyStore.close();
    }
  });
});

describe('keys-out', () => {
  it.each(WAYS)('has the keys of all periods of a %s', async (way) => {
    const output = temporary(`keys-out.${way}.mp4`);
    const keysOut = temporary(`keys-out.${way}.json`);
    const options = { output, keysOut, cryptoPeriodSeconds: 1.9, keyPer: 'type' } as const;
    const result = await encryptStream(
      way === 'file'
        ? { ...options, input: INPUTS.file, fragmentDurationSeconds: 1 }
        : { ...options, input: streamOf(readFileSync(INPUTS.stream)), contentId: 'film' },
    );
    const keys = await readKeyFile(keysOut);
    const wanted = result.tracks.flatMap(({ kids = [] }) => kids);
    expect(new Set(keys.entries.map(({ kid }) => kid))).toEqual(new Set(wanted));
    expect(new Set(wanted).size).toBe(wanted.length);
    const clear = temporary(`keys-out.${way}.clear.mp4`);
    await decrypt({ input: output, output: clear, keys });
    expect(fingerprintsOf(clear)).toEqual(fingerprintsOf(INPUTS[way]));
    // The file gives the same keys to the same periods again.
    const again = temporary(`keys-out.${way}.again.mp4`);
    const { keyPer, cryptoPeriodSeconds } = options;
    const repeated = await encryptBy(way, again, { keys, keyPer, cryptoPeriodSeconds });
    expect(repeated.tracks.map(({ kids }) => kids)).toEqual(result.tracks.map(({ kids }) => kids));
  });
});

describe('rotation is refused before anything is read', () => {
  const unread = () =>
    new Readable({
      read() {
        throw new Error('the input was read');
      },
    });

  const cases: { title: string; options: Partial<EncryptStreamOptions>; says: string }[] = [
    { title: 'with a key source of one key', options: { keys: testKeys }, says: 'one only' },
    { title: 'of a length that is none', options: { cryptoPeriodSeconds: 0 }, says: 'cryptoPeriodSeconds' },
  ];
  it.each(cases)('$title', async ({ options, says }) => {
    const job = { cryptoPeriodSeconds: 2, keys: periodKeys(), ...options };
    const refused = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(says) };
    const input = temporary('not-there.mp4');
    const output = temporary('refused.mp4');
    await expect(encrypt({ ...job, input, output })).rejects.toMatchObject(refused);
    for (const one of [input, unread()]) {
      const live = encryptStream({ ...job, input: one, output: new Collected() });
      await expect(live).rejects.toMatchObject(refused);
    }
    expect(existsSync(output)).toBe(false);
  });

  it('of a stream to a stream with keys-out', async () => {
    const keysOut = temporary('never.json');
    const job = { input: unread(), output: new Collected(), keysOut, cryptoPeriodSeconds: 2 };
    await expect(encryptStream(job)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('rotate'),
    });
    expect(existsSync(keysOut)).toBe(false);
  });

  it('when a source gives a key to a second period, and no fragment of it leaves', async () => {
    const one = periodKeys(1).entries[0];
    const keys = {
      assign: async (requests: readonly { trackId: number }[]) =>
        requests.map(({ trackId }) => ({ trackId, kid: one.kid, key: one.key, source: 'given' })),
    };
    const output = new Collected();
    const input = streamOf(readFileSync(INPUTS.stream));
    const refused = encryptStream({ input, output, keys, cryptoPeriodSeconds: 1.9 });
    await expect(refused).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    expect(output.bytes.includes('moof')).toBe(true);
  });
});

describe('hostile input', () => {
  const LIMIT = { code: expect.stringMatching(/^(MALFORMED_INPUT|UNSUPPORTED_FEATURE|INVALID_ARGUMENT)$/) };

  it('with more crypto periods than keys can be told apart is refused, not left clear', async () => {
    const track = audioTrackOf(Array.from({ length: 66_000 }, () => 1));
    const input = temporary('many.mp4');
    const output = temporary('many.enc.mp4');
    writeFileSync(input, toBytes(fragmented([track], { fragmentSamples: 6000 })));
    const job = { input, output, keysOut: temporary('many.json'), systems: ['common' as const] };
    const schedule = { fragmentDurationSeconds: 0.02, cryptoPeriodSeconds: 0.02 };
    await expect(encrypt({ ...job, ...schedule })).rejects.toMatchObject(LIMIT);
    expect(tracesOf(output)).toEqual([]);
  });

  it.each(WAYS)('of a %s far in time ends in an error or in the right output', async (way) => {
    const track = audioTrackOf(Array.from({ length: 20 }, () => 50));
    const bytes = toBytes(fragmented([track], { delay: (_, fragment) => (fragment === 1 ? 2 ** 52 : 0) }));
    const input = temporary('far.mp4');
    const output = temporary('far.enc.mp4');
    writeFileSync(input, bytes);
    const job = { output, force: true, cryptoPeriodSeconds: 0.001, keysOut: temporary(`far.${way}.json`) };
    const done = encryptStream(
      way === 'file' ? { ...job, input } : { ...job, input: streamOf(bytes), contentId: 'far' },
    );
    const failure = await done.then(
      () => undefined,
      (error) => error,
    );
    if (failure) expect(failure).toBeInstanceOf(PrpackError);
    else expect((await inspect({ input: output })).tracks[0].keys?.length).toBe(2);
  });

  it('cut or changed anywhere is an error of its own kind', async () => {
    const good = toBytes(fragmented(tracksOf(testMedia('moov-last.mp4'), 6), { fragmentSamples: 3 }));
    const moof = good.indexOf('moof') - 4;
    for (let i = 0; i < 60; i++) {
      const bytes = Buffer.from(good);
      bytes[moof + ((i * 37) % (bytes.length - moof))] ^= 1 << (i % 8);
      const schedule = { cryptoPeriodSeconds: 0.1, ...(i % 2 && { clearLeadSeconds: 0.05 }) };
      const keys = periodKeys(8);
      const error = await encryptStream({
        input: streamOf(bytes),
        output: new Collected(),
        keys,
        ...schedule,
      }).then(
        () => undefined,
        (failure) => failure,
      );
      if (error) expect(error).toBeInstanceOf(PrpackError);
    }
  });
});

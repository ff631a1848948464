import { readdirSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  decrypt,
  type EncryptOptions,
  encrypt,
  encryptStream,
  givenKeyTexts,
  inspect,
  type KeyLookup,
  parseKeyFile,
  randomKeySource,
  readKeyFile,
} from '../../src/index.js';
import { hex, u32, uuidBox } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, tracksOf } from '../support/builder/movie.js';
import { writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { protect } from '../support/builder/protect.js';
import { encryptTo, KEY, KID, testKeys, tracesOf } from '../support/jobs.js';
import { readMovie } from '../support/mp4-reader.js';
import { fingerprintsOf, trackHashes } from '../support/sample-hashes.js';
import { sample, testMedia } from '../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const PROGRESSIVE = sample('bars.mp4');
const FRAGMENTS = sample('bars-fragmented.mp4');
const NEW_KID = '22222222-2222-2222-2222-222222222222';
const NEW_KEY = '00112233445566778899aabbccddeeff';
const newKeys = givenKeyTexts(NEW_KID, NEW_KEY);
const KINDS = ['video', 'audio'] as const;
const LAYOUTS = ['fragmented', 'keep'] as const;
const SCHEMES = ['cenc', 'cbcs', 'cens', 'cbc1'] as const;
/** Changes of the scheme that every run tries. */
const OFTEN = ['cenc cbcs', 'cbcs cenc', 'cenc cenc', 'cbcs cbcs', 'cens cbc1', 'cbc1 cens'];

type Choice = Partial<EncryptOptions>;

let outputs = 0;
const fresh = (what: string) => temporary(`${outputs++}-${what}.mp4`);

/** Encrypts a clear file under the tests' key. */
async function encryptedOnce(input: string, choice: Choice = {}): Promise<string> {
  const output = fresh('once');
  await encryptTo(input, output, choice);
  return output;
}

/** Encrypts such a file again, under the new key. */
async function encryptedAgain(input: string, choice: Choice = {}) {
  const output = fresh('again');
  const result = await encrypt({ input, output, keys: newKeys, decryptKeys: testKeys, ...choice });
  return { output, result };
}

async function decrypted(input: string, keys: KeyLookup = newKeys): Promise<string> {
  const output = fresh('clear');
  await decrypt({ input, output, keys });
  return output;
}

interface Box {
  readonly type: string;
  readonly children?: readonly Box[];
}

/** How many there are of each type of box that says how samples are protected. */
async function protectionBoxes(path: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const count = (boxes: readonly Box[] = []): void => {
    for (const { type, children } of boxes) {
      if (/^(sinf|senc|saiz|saio|pssh|sgpd|sbgp|encv|enca|uuid)$/.test(type))
        counts[type] = (counts[type] ?? 0) + 1;
      count(children);
    }
  };
  count((await inspect({ input: path, boxes: true })).boxes as readonly Box[]);
  return counts;
}

describe('protected input whose keys are given', () => {
  const changes = SCHEMES.flatMap((from) => SCHEMES.map((to) => ({ from, to }))).filter(
    ({ from, to }) => SWEEPS || OFTEN.includes(`${from} ${to}`),
  );
  it.skipIf(!SWEEPS)(`goes from any scheme to any other ${BY_SWEEPS}`, () => undefined);

  for (const layout of LAYOUTS) {
    it.each(changes)(`goes from $from to $to, layout ${layout}`, async ({ from, to }) => {
      const input = await encryptedOnce(FRAGMENTS, { scheme: from, layout });
      const { output } = await encryptedAgain(input, { scheme: to, layout });
      const report = await inspect(output);
      const found = report.tracks.map(({ kid, scheme }) => ({ kid, scheme }));
      expect(found).toEqual([
        { kid: NEW_KID, scheme: to },
        { kid: NEW_KID, scheme: to },
      ]);
      expect(new Set(report.pssh.flatMap(({ keyIds }) => keyIds))).toEqual(new Set([NEW_KID]));
      const direct = await encryptedOnce(FRAGMENTS, { scheme: to, layout });
      expect(await protectionBoxes(output)).toEqual(await protectionBoxes(direct));
      for (const kind of KINDS) {
        expect(trackHashes(output, kind, NEW_KEY)).toEqual(trackHashes(FRAGMENTS, kind));
        expect(trackHashes(output, kind)).not.toEqual(trackHashes(FRAGMENTS, kind));
        expect(trackHashes(output, kind)).not.toEqual(trackHashes(input, kind));
      }
    });
  }

  it.each([
    ...[FRAGMENTS, PROGRESSIVE, testMedia('moov-last.mp4'), testMedia('moov-and-moofs.mp4')],
    ...[testMedia('alac.m4a'), testMedia('hevc-multislice.mp4')],
  ])('keeps every other byte where the layout is kept: %s', async (clear) => {
    const input = await encryptedOnce(clear, { layout: 'keep' });
    const { output } = await encryptedAgain(input, { layout: 'keep', scheme: 'cbcs' });
    expect(readFileSync(await decrypted(output)).equals(readFileSync(clear))).toBe(true);
  });

  it.each([testMedia('alac.m4a'), testMedia('opus.mp4'), testMedia('hevc-multislice.mp4')])(
    'cuts it into fragments: %s',
    async (clear) => {
      const input = await encryptedOnce(clear, { layout: 'keep', scheme: 'cbcs' });
      const { output } = await encryptedAgain(input);
      const direct = await decrypted(await encryptedOnce(clear), testKeys);
      expect(readFileSync(await decrypted(output)).equals(readFileSync(direct))).toBe(true);
    },
  );

  it.each([1, 3])('is written by %d threads', async (threads) => {
    const clear = fresh('long');
    const sizes = Array.from({ length: 60 }, (_, i) => 70_000 + 17 * i);
    writePieces(clear, progressive([audioTrackOf(sizes)]));
    for (const [from, to] of [
      ['cenc', 'cbcs'],
      ['cbcs', 'cenc'],
    ] as const) {
      const input = await encryptedOnce(clear, { scheme: from, threads: 1 });
      const { output } = await encryptedAgain(input, { scheme: to, threads });
      expect(trackHashes(output, 'audio', NEW_KEY)).toEqual(trackHashes(clear, 'audio'));
    }
  });

  it.each(LAYOUTS)('loses its clear lead and its crypto periods, layout %s', async (layout) => {
    const input = fresh('rotated');
    const keysOut = temporary(`${layout}.json`);
    await encrypt({
      input: PROGRESSIVE,
      output: input,
      keys: randomKeySource(),
      keysOut,
      ...{ clearLeadSeconds: 1, cryptoPeriodSeconds: 1, fragmentDurationSeconds: 0.5 },
    });
    const decryptKeys = await readKeyFile(keysOut);
    expect(new Set((await inspect(input)).tracks.map(({ keys }) => keys!.length))).not.toContain(1);
    const { output } = await encryptedAgain(input, { decryptKeys, layout });
    const { tracks } = await inspect(output);
    expect(tracks.map(({ keys, clearSamples }) => [keys!.length, clearSamples])).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(readFileSync(output).includes('seig')).toBe(false);
    const entries = layout === 'keep' ? 2 : 1;
    expect(await protectionBoxes(output)).toMatchObject({ encv: entries, enca: entries, sinf: 2 * entries });
    for (const kind of KINDS) {
      expect(trackHashes(output, kind, NEW_KEY)).toEqual(trackHashes(PROGRESSIVE, kind));
    }
  });

  it.each(LAYOUTS)('is encrypted where it was clear, which a warning says, layout %s', async (layout) => {
    const lead = { clearLeadSeconds: 1, fragmentDurationSeconds: 0.5 };
    const input = await encryptedOnce(PROGRESSIVE, lead);
    const clearSamples = (await inspect(input)).tracks.map((track) => track.clearSamples!);
    expect(Math.min(...clearSamples)).toBeGreaterThan(0);
    const { output, result } = await encryptedAgain(input, { layout });
    expect((await inspect(output)).tracks.map((track) => track.clearSamples)).toEqual([0, 0]);
    const found = result.warnings.filter((text) => text.includes('clear in the input'));
    const option = layout === 'keep' ? "clearLeadSeconds with layout: 'fragmented'" : 'clearLeadSeconds';
    expect(found).toEqual(
      result.tracks.map(
        ({ id, type, samples }, i) =>
          `${clearSamples[i]} of ${samples} samples of track ${id} (${type}) are clear in the input and encrypted in the output. ` +
          `To leave the beginning clear, give ${option}.`,
      ),
    );
    const audio = await encryptedAgain(input, { layout, tracks: ['audio'] });
    const ofAudio = audio.result.warnings.filter((text) => text.includes('clear in the input and encrypted'));
    expect(ofAudio).toEqual([expect.stringContaining('track 2 (audio)')]);
    if (layout === 'keep') return;
    const again = await encryptedAgain(input, lead);
    expect((await inspect(again.output)).tracks.map((track) => track.clearSamples)).toEqual(clearSamples);
    expect(again.result.warnings.join()).not.toContain('clear in the input');
  });

  it.each([
    ['video', { encv: 1, sinf: 1 }],
    ['audio', { enca: 1, sinf: 1 }],
  ] as const)('has one sample entry a track after a clear lead, %s selected', async (kind, boxes) => {
    const lead = { clearLeadSeconds: 1, fragmentDurationSeconds: 0.5 };
    const input = await encryptedOnce(PROGRESSIVE, lead);
    expect(await protectionBoxes(input)).toMatchObject({ encv: 1, enca: 1 });
    for (const choice of [{}, lead]) {
      const { output } = await encryptedAgain(input, { ...choice, tracks: [kind] });
      expect(await protectionBoxes(output)).toMatchObject(boxes);
      const entries = readMovie(output)
        .tracks.map((track) => track.entries.length)
        .sort();
      expect(entries).toEqual(choice === lead ? [1, 2] : [1, 1]);
      for (const one of KINDS) {
        expect(trackHashes(output, one, NEW_KEY)).toEqual(trackHashes(PROGRESSIVE, one));
      }
    }
  });

  it('gets a clear lead and crypto periods', async () => {
    const input = await encryptedOnce(PROGRESSIVE, { scheme: 'cbcs' });
    const keys = parseKeyFile(
      JSON.stringify(
        [0, 1, 2, 3].map((period) => ({
          kid: `${NEW_KID.slice(0, -1)}${period}`,
          key: NEW_KEY.replace('00', `0${period}`),
          period,
        })),
      ),
      'keys.json',
    );
    const { output } = await encryptedAgain(input, {
      keys,
      ...{ clearLeadSeconds: 1, cryptoPeriodSeconds: 1, fragmentDurationSeconds: 0.5 },
    });
    expect(fingerprintsOf(await decrypted(output, keys))).toEqual(
      fingerprintsOf(
        await decrypted(await encryptedOnce(PROGRESSIVE, { fragmentDurationSeconds: 0.5 }), testKeys),
      ),
    );
    expect(await protectionBoxes(output)).toMatchObject({ encv: 1, enca: 1, sinf: 2 });
  });

  it.each(LAYOUTS)('loses the boxes of PIFF, layout %s', async (layout) => {
    const pssh = uuidBox(
      'd08a4f18-10f3-4a82-b6c8-32d8aba183d3',
      ...([0, 0, hex('9a04f079-9840-4286-ab92-e65be0885f95'), u32(4), hex('04000000')] as const),
    );
    const source = testMedia('moov-last.mp4');
    const input = fresh('piff');
    const tracks = tracksOf(source).map((track) =>
      protect(track, {
        style: 'piff',
        ivSize: 8,
        clearBytes: track.handler === 'vide' ? 40 : 0,
        kid: KID,
        keyHex: KEY,
      }),
    );
    writePieces(input, fragmented(tracks, { aux: 'piff', moovBoxes: [pssh] }));
    const { output } = await encryptedAgain(input, { layout, scheme: 'cbcs' });
    expect(await protectionBoxes(output)).not.toHaveProperty('uuid');
    for (const kind of KINDS) {
      expect(trackHashes(output, kind, NEW_KEY)).toEqual(trackHashes(source, kind));
    }
  });

  it.each(LAYOUTS)('is clear in tracks that are not selected, with a warning, layout %s', async (layout) => {
    const input = await encryptedOnce(FRAGMENTS);
    const { output, result } = await encryptedAgain(input, { tracks: ['video'], layout });
    expect(result.warnings).toContain('Track 2 (audio) is encrypted in the input and clear in the output.');
    expect(trackHashes(output, 'audio')).toEqual(trackHashes(FRAGMENTS, 'audio'));
    expect(trackHashes(output, 'video', NEW_KEY)).toEqual(trackHashes(FRAGMENTS, 'video'));
    expect(await protectionBoxes(output)).toMatchObject({ encv: 1, sinf: 1 });
  });

  it('may have clear tracks, which are treated as ever', async () => {
    const input = await encryptedOnce(FRAGMENTS, { tracks: ['video'] });
    const { output } = await encryptedAgain(input, { scheme: 'cbcs' });
    for (const kind of KINDS) {
      expect(trackHashes(output, kind, NEW_KEY)).toEqual(trackHashes(FRAGMENTS, kind));
    }
  });

  it('goes to a stream', async () => {
    const input = await encryptedOnce(FRAGMENTS);
    const output = new PassThrough();
    const parts: Buffer[] = [];
    output.on('data', (part: Buffer) => parts.push(part));
    await encryptStream({ input, output, keys: newKeys, decryptKeys: testKeys, scheme: 'cbcs' });
    const path = fresh('streamed');
    writePieces(path, [Buffer.concat(parts)]);
    for (const kind of KINDS) {
      expect(trackHashes(path, kind, NEW_KEY)).toEqual(trackHashes(FRAGMENTS, kind));
    }
  });
});

describe('keys of protected input', () => {
  async function refused(input: string, choice: Choice, error: object): Promise<void> {
    const output = fresh('refused');
    const job = encrypt({ input, output, keys: newKeys, decryptKeys: testKeys, ...choice });
    await expect(job).rejects.toMatchObject(error);
    expect(tracesOf(output)).toEqual([]);
  }

  it('are asked for', async () => {
    const input = await encryptedOnce(FRAGMENTS);
    const output = fresh('refused');
    await expect(encryptTo(input, output)).rejects.toMatchObject({
      code: 'ALREADY_ENCRYPTED',
      details: { remedy: expect.stringContaining('decryptKeys') },
    });
  });

  it('must be all there, and be the right ones', async () => {
    const input = await encryptedOnce(FRAGMENTS);
    await refused(input, { decryptKeys: newKeys }, { code: 'KEY_REQUIRED', details: { expected: KID } });
    await refused(input, { decryptKeys: givenKeyTexts(KID, NEW_KEY) }, { code: 'KEY_INVALID' });
  });

  it('that no checksum proves are reported', async () => {
    const input = await encryptedOnce(FRAGMENTS, { scheme: 'cbcs' });
    const { result } = await encryptedAgain(input);
    expect(result.warnings.join()).toContain(`carries no checksum for the key of ${KID}`);
  });

  it.each([
    ['cenc', 'cbcs', 'AESCTR (cenc)', 'AESCBC (cbcs)'],
    ['cbcs', 'cenc', 'AESCBC (cbcs)', 'AESCTR (cenc)'],
    ['cens', 'cbc1', 'AESCTR (cens)', 'AESCBC (cbc1)'],
  ] as const)('do not serve another mode of the cipher: %s to %s', async (from, scheme, had, wanted) => {
    const input = await encryptedOnce(FRAGMENTS, { scheme: from });
    const message = `KID ${KID} encrypts the input with ${had} and cannot encrypt the output with ${wanted}`;
    await refused(input, { scheme, keys: testKeys }, { code: 'KEY_CONFLICT', message });
    await refused(
      input,
      { scheme, keys: givenKeyTexts(NEW_KID, KEY) },
      { code: 'KEY_CONFLICT', message: expect.stringContaining(`the key of KID ${NEW_KID}`) },
    );
  });

  it('serve the same mode again, as they are', async () => {
    const input = await encryptedOnce(FRAGMENTS, { layout: 'keep' });
    const { output } = await encryptedAgain(input, { keys: testKeys });
    expect(trackHashes(output, 'video', KEY)).toEqual(trackHashes(FRAGMENTS, 'video'));
    const keys = givenKeyTexts(KID, NEW_KEY);
    const message = `KID ${KID} of the input is given another key for the output`;
    await refused(input, { keys }, { code: 'KEY_CONFLICT', message });
  });

  it('are of no use for a clear file, or for a stream', async () => {
    await refused(FRAGMENTS, {}, { code: 'NOT_ENCRYPTED' });
    const output = fresh('refused');
    const input = new PassThrough();
    const job = encryptStream({ input, output, keys: newKeys, decryptKeys: testKeys });
    await expect(job).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(readdirSync(temporary('')).filter((name) => name.includes('refused'))).toEqual([]);
  });
});

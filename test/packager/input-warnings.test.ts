import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decrypt, encryptBatch, encryptStream, inspect } from '../../src/index.js';
import { text } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import { encryptTo, testKeys } from '../support/jobs.js';
import { temporaryFolder } from '../support/temporary.js';
import { Collected, streamOf } from './stream/streams.js';

const temporary = temporaryFolder();
const whole = () => toBytes(fragmented([audioTrackOf([100, 200, 300])], { fragmentSamples: 2 }));

/** The last mdat says that it has 5 bytes more than there are. */
function cut(): Buffer {
  const bytes = whole();
  const at = bytes.lastIndexOf('mdat') - 4;
  bytes.writeUInt32BE(bytes.readUInt32BE(at) + 5, at);
  return bytes;
}

const TAILS: [name: string, bytes: () => Buffer, warning: RegExp, says: string | undefined][] = [
  ['zeros', () => Buffer.concat([whole(), Buffer.alloc(20)]), /last 20 bytes .* are zeros\./, 'them'],
  [
    'an ID3v1 tag',
    () => Buffer.concat([whole(), text('TAG'), Buffer.alloc(125)]),
    /last 128 bytes .* are an ID3v1 tag\./,
    'them',
  ],
  [
    'other bytes',
    () => Buffer.concat([whole(), text('written by somebody')]),
    /last 19 bytes .* are bytes that are no box\./,
    'them',
  ],
  ['an mdat too long', cut, /mdat at byte \d+\) claims 313 bytes, but only 308 are there/, undefined],
];

describe.each(TAILS)('a file that ends with %s', (_, bytes, warning, says) => {
  const expectWarned = (warnings: readonly string[], verb: string) => {
    expect(warnings.filter((sentence) => warning.test(sentence))).toHaveLength(1);
    if (says) expect(warnings.join()).toContain(verb);
  };
  const input = () => {
    const path = temporary('input.mp4');
    writeFileSync(path, bytes());
    return path;
  };

  it('is inspected with a warning', async () => {
    expectWarned((await inspect(input())).warnings, '');
    expect((await inspect(input(), { boxes: true })).boxes?.at(-1)?.type).toBe(says ? '(bytes)' : 'mdat');
  });

  it('keeps them, and comes back byte for byte', async () => {
    const output = temporary('keep.mp4');
    const { warnings } = await encryptTo(input(), output, { layout: 'keep', force: true });
    expectWarned(warnings, 'The output keeps them.');
    const back = temporary('back.mp4');
    const undone = await decrypt({ input: output, output: back, keys: testKeys, force: true });
    expectWarned(undone.warnings, 'The output keeps them.');
    expect(readFileSync(back).equals(bytes())).toBe(true);
  });

  it('goes without them in new fragments', async () => {
    const output = temporary('fragmented.mp4');
    const { warnings } = await encryptTo(input(), output, { force: true });
    expectWarned(warnings, 'The output does not have them.');
    expect((await inspect(output)).warnings).toEqual([]);
  });

  it('keeps them in a stream', async () => {
    const collected = new Collected();
    const { warnings } = await encryptStream({
      input: streamOf(bytes()),
      output: collected,
      keys: testKeys,
    });
    expectWarned(warnings, 'The output keeps them.');
    const output = temporary('streamed.mp4');
    writeFileSync(output, collected.bytes);
    expectWarned((await inspect(output)).warnings, '');
  });

  it('is a job of a batch', async () => {
    const results = temporary('results.ndjson');
    const outDir = temporary('out');
    const result = await encryptBatch({
      source: input(),
      outDir,
      results,
      keys: testKeys,
      force: true,
      jobs: 1,
    });
    expect(result).toMatchObject({ total: 1, failed: 0 });
    const line = JSON.parse(readFileSync(results, 'utf8').trim().split('\n').at(-1)!);
    expectWarned(line.warnings, 'The output does not have them.');
  });
});

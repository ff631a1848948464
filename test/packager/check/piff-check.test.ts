import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../../src/bytes/source.js';
import { PrpackError } from '../../../src/errors.js';
import { checkPiff } from '../../../src/packager/check/piff-check.js';
import { piff } from '../../layout/piff.js';

const { bytes, media, encryption, times, top } = piff();

function check(output: Buffer): Promise<void> {
  const expected = { encrypted: media, encryption, times, sizeBytes: bytes.length, hasIndex: true };
  return checkPiff(new MemorySource(output), expected, async () => {});
}

/** The file with the first byte behind a text changed, or one so many bytes further on. */
function changed(behind: string, offset = 0): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.lastIndexOf(behind, undefined, 'latin1') + behind.length + offset;
  copy[at] ^= 1;
  return copy;
}

describe('checkPiff', () => {
  it('takes what was planned', async () => {
    await check(bytes);
  });

  it.each<[string, Buffer, RegExp]>([
    ['a sample that is another', changed('mdat'), /is not that of the encrypted track/],
    ['a fragment at another time', changed('tfdt', 11), /has another time/],
    ['another IV', changed('\x64\x8d\xf4', 15), /other IVs or subsamples/],
    ['another KID', changed('\0\0\x01\x08'), /KID/],
    ['an index to elsewhere', changed('tfra', 27), /index does not lead/],
    ['an index with another time', changed('tfra', 23), /index does not lead/],
    ['a file that is cut off', bytes.subarray(0, top[8].offset), /size of the file/],
  ])('refuses %s', async (_, output, problem) => {
    await expect(check(output)).rejects.toMatchObject({
      code: 'OUTPUT_CHECK_FAILED',
      message: expect.stringMatching(problem),
    });
  });

  it('ends when it is told to', async () => {
    const stop = new PrpackError('ABORTED', 'stopped', { remedy: 'Start it again.' });
    const expected = { encrypted: media, encryption, times, sizeBytes: bytes.length, hasIndex: true };
    const pause = () => Promise.reject(stop);
    await expect(checkPiff(new MemorySource(bytes), expected, pause)).rejects.toBe(stop);
  });
});

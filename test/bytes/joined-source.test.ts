import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { JoinedSource } from '../../src/bytes/joined-source.js';
import { readBytes } from '../../src/bytes/source.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();

function joined(...parts: readonly string[]): JoinedSource {
  const paths = parts.map((part, i) => {
    const path = temporary(`${parts.length}-${i}`);
    writeFileSync(path, part);
    return path;
  });
  return new JoinedSource('track', paths);
}

const text = (source: JoinedSource, from: number, count: number) =>
  Buffer.from(readBytes(source, from, count)).toString();

describe('JoinedSource', () => {
  it('reads over the ends of files, and over empty ones', () => {
    const source = joined('abc', '', 'd', 'efgh');
    expect(source.sizeBytes).toBe(8);
    expect(source.startBytes).toEqual([0, 3, 3, 4, 8]);
    for (let from = 0; from < 8; from++) {
      for (let end = from; end <= 8; end++)
        expect(text(source, from, end - from)).toBe('abcdefgh'.slice(from, end));
    }
    expect([0, 2, 3, 4, 7].map((offset) => source.placeOf(offset))).toEqual([0, 0, 2, 3, 3]);
    source.close();
    expect(text(source, 2, 3)).toBe('cde'); // opened again
    source.close();
  });

  it('says where it ends, and which file is missing', () => {
    const source = joined('ab', 'cd');
    expect(() => text(source, 3, 2)).toThrow(
      expect.objectContaining({
        code: 'TRUNCATED_INPUT',
        details: expect.objectContaining({ path: 'track' }),
      }),
    );
    source.close();
    expect(() => new JoinedSource('track', [temporary('none')])).toThrow(
      expect.objectContaining({ code: 'INPUT_NOT_FOUND' }),
    );
  });
});

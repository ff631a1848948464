import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { fileSequence, SequenceSource, writeAcross } from '../../src/bytes/file-sequence.js';
import { readBytes } from '../../src/bytes/source.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const SIZES = [3, 5, 1, 4];
let count = 0;
let folder: string;
const files = () => SIZES.map((_, i) => `${folder}/${i}`);
const contents = () => files().map((path) => readFileSync(path, 'utf8'));

beforeEach(() => {
  folder = temporary(`case${count++}`);
  mkdirSync(folder);
});

describe('writeAcross', () => {
  it.each([13, 4, 1])('writes %i bytes at a time into files that follow each other', (step) => {
    const sequence = fileSequence(folder, files(), SIZES);
    const bytes = Buffer.from('abcdefghijklm');
    for (let at = 0; at < bytes.length; at += step) writeAcross(sequence, bytes.subarray(at, at + step), at);
    expect(contents()).toEqual(['abc', 'defgh', 'i', 'jklm']);
  });

  it('writes in any order', () => {
    const sequence = fileSequence(folder, files(), SIZES);
    writeAcross(sequence, Buffer.from('ghijklm'), 6);
    writeAcross(sequence, Buffer.from('abcdef'), 0);
    expect(contents()).toEqual(['abc', 'defgh', 'i', 'jklm']);
  });

  it('names the file that cannot be made', () => {
    rmSync(folder, { recursive: true });
    const sequence = fileSequence(folder, files(), SIZES);
    expect(() => writeAcross(sequence, Buffer.from('abcd'), 0)).toThrow(
      `${folder}/0 cannot be created: ENOENT`,
    );
  });
});

describe('SequenceSource', () => {
  const made = () => {
    for (const [i, text] of ['abc', 'defgh', 'i', 'jklm'].entries()) writeFileSync(`${folder}/${i}`, text);
    return new SequenceSource(folder, files());
  };
  const read = (source: SequenceSource, at: number, length: number) =>
    Buffer.from(readBytes(source, at, length)).toString();

  it('reads files as if they were one', () => {
    const source = made();
    expect([source.sizeBytes, source.sizesBytes]).toEqual([13, SIZES]);
    const whole = 'abcdefghijklm';
    for (let at = 0; at <= 13; at++) {
      for (let end = at; end <= 13; end++) expect(read(source, at, end - at)).toBe(whole.slice(at, end));
    }
    source.close();
  });

  it('ends where the last file ends', () => {
    const source = made();
    expect(() => read(source, 10, 4)).toThrow('ends in the middle of its content');
    source.close();
  });

  it('misses a file', () => {
    made().close();
    rmSync(`${folder}/2`);
    expect(() => new SequenceSource(folder, files())).toThrow(`${folder}/2 is missing`);
  });
});

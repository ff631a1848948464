import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeOutputDirectory, removeAbandonedParts } from '../../src/bytes/output-directory.js';
import { FileSink } from '../../src/bytes/sinks/file-sink.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();

describe('temporary files that a killed process left', () => {
  it('are removed beside the outputs that they were for, and nothing else is', () => {
    const folder = inFolder('out');
    mkdirSync(folder);
    const long = `${'ü'.repeat(100)}.mp4`;
    for (const name of ['film.mp4', long]) new FileSink(join(folder, name), false);
    const others = [
      '.film.mp4.part',
      '.film.mp4.0123456789ab.part.mp4',
      '.other.mp4.0123456789ab.part',
      'film.mp4',
    ];
    for (const name of others) writeFileSync(join(folder, name), '');
    const outputs = ['out/film.mp4', `out/${long}`, 'none/film.mp4'].map(inFolder);
    expect(removeAbandonedParts(outputs)).toBe(2);
    expect(readdirSync(folder).sort()).toEqual(others.sort());
  });
});

describe('a directory for outputs', () => {
  it('is made with those above it, and may be there already', () => {
    makeOutputDirectory(inFolder('a/b/c'));
    makeOutputDirectory(inFolder('a/b/c'));
    expect(readdirSync(inFolder('a/b'))).toEqual(['c']);
  });

  it('cannot be made where a file is', () => {
    writeFileSync(inFolder('file'), '');
    expect(() => makeOutputDirectory(inFolder('file/below'))).toThrow(
      expect.objectContaining({ code: 'OUTPUT_FAILED' }),
    );
  });
});

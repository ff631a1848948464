import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kindOfPath, stateOfFile } from '../../src/bytes/files.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();
mkdirSync(inFolder('folder'));
writeFileSync(inFolder('file'), 'abc');

describe('what is at a path', () => {
  it.each([
    ['folder', 'folder', undefined],
    ['file', 'file', 3],
    ['nothing', undefined, undefined],
    ['file/below', undefined, undefined],
    ['folder/below/far', undefined, undefined],
  ])('%s: %s, of %s bytes', (name, kind, bytes) => {
    expect(kindOfPath(inFolder(name))).toBe(kind);
    expect(stateOfFile(inFolder(name))?.bytes).toBe(bytes);
  });

  it('is an error of the input where the system does not say', () => {
    for (const of of [kindOfPath, stateOfFile]) {
      expect(() => of(inFolder('n'.repeat(300)))).toThrow(
        expect.objectContaining({
          code: 'INPUT_UNREADABLE',
          message: expect.stringContaining('ENAMETOOLONG'),
        }),
      );
    }
  });
});

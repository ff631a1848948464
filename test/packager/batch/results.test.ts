import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ResultsFile } from '../../../src/packager/batch/results.js';
import type { ResultLine } from '../../../src/packager/batch/types.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();

const line = (output: string, more: Partial<ResultLine> = {}): ResultLine => ({
  run: 'run',
  id: 'run.0',
  status: 'done',
  input: `/in/${output}`,
  output,
  contentId: 'c',
  settingsSha256: 's',
  fingerprint: { bytes: 1, mtimeMs: 2.5, digest: 'i' },
  bytes: 3,
  outputFingerprint: 'o',
  kids: ['k'],
  startedAt: '2026-01-01T00:00:00.000Z',
  elapsedMs: 1,
  ...more,
});

async function writeLines(path: string, lines: readonly ResultLine[]): Promise<void> {
  const results = await ResultsFile.open(path, undefined);
  for (const each of lines) await results.add(each);
  await results.flush();
  await results.close();
}

async function proofs(path: string, ...outputs: string[]): Promise<boolean[]> {
  const results = await ResultsFile.open(path, undefined);
  const found = outputs.map((output) => results.proofOf(output) !== undefined);
  await results.close();
  return found;
}

describe('a results file', () => {
  it('keeps lines in their order, and proves what its last line on an output says', async () => {
    const path = inFolder('order.jsonl');
    const failed = { status: 'failed', error: { code: 'NOT_MP4', message: 'm' } } as const;
    const { bytes: _, outputFingerprint: __, kids: ___, ...bare } = line('b', failed);
    await writeLines(path, [line('a'), line('b'), line('c', { status: 'skipped' }), line('d')]);
    await writeLines(path, [bare as ResultLine, line('d', { outputFingerprint: 'newer' })]);
    const outputs = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).output);
    expect(outputs).toEqual(['a', 'b', 'c', 'd', 'b', 'd']);
    expect(await proofs(path, 'a', 'b', 'c', 'd', 'e')).toEqual([true, false, true, true, false]);
  });

  it('proves nothing of a job whose input has no digest', async () => {
    const path = inFolder('hash.jsonl');
    await writeLines(path, [line('a', { fingerprint: { bytes: 1, mtimeMs: 2 } })]);
    expect(await proofs(path, 'a')).toEqual([false]);
  });

  it('proves nothing by lines that have SHA-256 in place of fingerprints, and by none before them', async () => {
    const path = inFolder('before.jsonl');
    const { outputFingerprint: _, ...rest } = line('a', { run: 'before' });
    const before = { ...rest, fingerprint: { bytes: 1, mtimeMs: 2.5, sha256: 'i' }, sha256: 'o' };
    await writeLines(path, [line('a'), before as ResultLine, line('b')]);
    expect(await proofs(path, 'a', 'b')).toEqual([false, true]);
  });

  it('loses a last line that was torn, and nothing else, wherever it was torn', async () => {
    const path = inFolder('torn.jsonl');
    await writeLines(path, [line('a'), line('b')]);
    const whole = readFileSync(path);
    const firstEnd = whole.indexOf(0x0a) + 1;
    for (const end of [0, 1, firstEnd - 1, firstEnd, firstEnd + 1, firstEnd + 40, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, end));
      await writeLines(path, [line('c')]);
      const outputs = readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).output);
      expect(outputs).toEqual(end >= firstEnd ? ['a', 'c'] : ['c']);
    }
  });

  it('passes over lines that a power loss damaged', async () => {
    const path = inFolder('damaged.jsonl');
    await writeLines(path, [line('a')]);
    appendFileSync(path, '\0\0\0\0\n{"run":\nnull\n');
    await writeLines(path, [line('b')]);
    expect(await proofs(path, 'a', 'b')).toEqual([true, true]);
  });

  it.each(['ftypmp42', '{"name":"package"}\n', '\n\n'])('is not made of another file: %j', async (text) => {
    const path = inFolder('other');
    writeFileSync(path, text);
    await expect(ResultsFile.open(path, undefined)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('has one writer at a time', async () => {
    const path = inFolder('locked.jsonl');
    const results = await ResultsFile.open(path, undefined);
    await expect(ResultsFile.open(path, undefined)).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining('another batch'),
    });
    await results.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
    await writeLines(path, [line('a')]);
  });

  it('says when it cannot be made', async () => {
    await expect(ResultsFile.open(inFolder('none/results.jsonl'), undefined)).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
    });
  });
});

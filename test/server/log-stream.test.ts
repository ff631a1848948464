import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { GatheredLines } from '../../src/server/log-stream.js';

it('lines of one turn are written together, in their order, and none twice', async () => {
  const written: string[] = [];
  const lines = new GatheredLines({ write: (text) => written.push(text) });
  lines.write('1\n');
  lines.write('2\n');
  expect(written).toEqual([]);
  await nextTurn();
  lines.write('3\n');
  lines.flush();
  await nextTurn();
  expect(written).toEqual(['1\n2\n', '3\n']);
});

import { describe, expect, it } from 'vitest';
import { VARIABLES, variableWarnings } from '../../src/settings/variables.js';
import { runCli } from '../support/cli.js';
import { sample } from '../support/samples.js';

describe('variableWarnings', () => {
  it('knows every variable that prpack reads, and what was meant by others', () => {
    expect(variableWarnings(Object.fromEntries(VARIABLES.map((name) => [name, 'x'])))).toEqual([]);
    expect(
      variableWarnings({ PRPACK_LAYUOT: 'keep', PATH: '/bin', [`PRPACK_${'A1'.repeat(16)}`]: '' }),
    ).toEqual([
      'The variable PRPACK_LAYUOT is unknown (did you mean PRPACK_LAYOUT?).',
      'The variable with a long name that begins with PRPACK_ is unknown.',
    ]);
  });

  it('are printed on stderr, and leave the result as it is', async () => {
    const env = { PRPACK_LAYUOT: 'keep' };
    const { exitCode, stdout, stderr } = await runCli(['inspect', sample('bars.mp4'), '--json'], { env });
    expect({ exitCode, path: JSON.parse(stdout).path }).toEqual({ exitCode: 0, path: sample('bars.mp4') });
    expect(stderr).toBe('warning: The variable PRPACK_LAYUOT is unknown (did you mean PRPACK_LAYOUT?).\n');
  });
});

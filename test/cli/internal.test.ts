import { describe, expect, it } from 'vitest';
import { runCli, runCliJson } from '../support/cli.js';

/** Makes Node throw out of nowhere once the program has read its input. */
const STRAY_ERROR = [
  '--import',
  'data:text/javascript,process.stdin.once("end", () => { throw new TypeError("stray"); })',
];

describe('a defect', () => {
  it('is exit 70 and says what to report, even where nobody catches it', async () => {
    const { exitCode, stdout, stderr } = await runCli(['pssh', 'parse', '-'], { nodeArgs: STRAY_ERROR });
    expect({ exitCode, stdout }).toEqual({ exitCode: 70, stdout: '' });
    expect(stderr).toMatch(/^error: unexpected failure: stray \[INTERNAL\]\n/);
    expect(stderr).toMatch(/\n {2}prpack \d+\.\d+\.\d+, Node v\d+/);
    expect(stderr).toContain('\n  command: prpack pssh parse\n  TypeError: stray\n');
  });

  it('is one object in JSON', async () => {
    const { exitCode, json, stderr } = await runCliJson(['pssh', 'parse', '-'], { nodeArgs: STRAY_ERROR });
    expect({ exitCode, stderr }).toEqual({ exitCode: 70, stderr: '' });
    expect(json.error).toMatchObject({
      code: 'INTERNAL',
      report: { node: process.version, command: 'prpack pssh parse --json' },
    });
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.js';
import { ROOT } from '../support/samples.js';

const FOLDER = join(ROOT, 'docs');
const page = readFileSync(join(FOLDER, 'scale.md'), 'utf8');

/** Lines of code that call prpack, without their comments. */
const commands = [...page.matchAll(/^prpack .*$/gm)].map(([line]) => line.replace(/\s+#.*$/, ''));

describe('docs/scale.md', () => {
  it.each(commands)('has a command with options that there are: %s', async (line) => {
    const words = line.split(/\s+/).slice(1);
    const options = words.filter((word) => word.startsWith('--'));
    const names = words.slice(
      0,
      words.findIndex((word) => /^--|[./:]/.test(word)),
    );
    const { exitCode, stdout } = await runCli([...names, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Usage: prpack ${names.join(' ')} `);
    for (const option of options) expect(stdout).toMatch(new RegExp(`^ +(-\\w, )?${option}\\b`, 'm'));
  });

  it('leads to sections that there are', () => {
    const anchorOf = (heading: string) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-');
    for (const [, file, anchor] of page.matchAll(/\]\(([\w./-]*)(?:#([\w-]+))?\)/g)) {
      const path = join(FOLDER, file || 'scale.md');
      expect(existsSync(path), path).toBe(true);
      if (anchor === undefined) continue;
      const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
        anchorOf(text!),
      );
      expect(headings, `${file}#${anchor}`).toContain(anchor);
    }
  });
});

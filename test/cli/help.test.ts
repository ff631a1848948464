import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_CODE_MEANINGS } from '../../src/cli/errors/exit-codes.js';
import { type ErrorCode, exitCodeOf } from '../../src/errors.js';
import { runCli } from '../support/cli.js';
import { filesLoadedBy } from '../support/loaded-files.js';
import { ROOT } from '../support/samples.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

describe('version', () => {
  it.each(['--version', '-V'])('%s prints that of the package', async (flag) => {
    expect(await runCli([flag])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('is printed behind a command, too', async () => {
    expect(await runCli(['encrypt', '--version'])).toEqual({
      exitCode: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  it('loads neither commander nor any command nor the library', async () => {
    const files = await filesLoadedBy('--version');
    expect(files.map((path) => basename(path).replace(/-[\w-]{8}\.cjs$/, ''))).toEqual([
      'load-program.js',
      'main.cjs',
      'version',
    ]);
  });
});

describe('help', () => {
  it('of the program lists commands and exit codes', async () => {
    const { exitCode, stdout, stderr } = await runCli(['--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const command of ['encrypt', 'decrypt', 'inspect', 'keys', 'pssh', 'config'])
      expect(stdout).toContain(`\n  ${command} `);
    for (const [code, meaning] of EXIT_CODE_MEANINGS) {
      expect(stdout).toContain(`\n  ${`${code}`.padEnd(4)} ${meaning}`);
    }
  });

  it.each([
    [
      ['encrypt'],
      ['Media:', 'Keys (', 'Encrypted input:', 'Protection systems:', 'PlayReady header:', 'Output:'],
    ],
    [['manifest'], ['Presentation:', 'Protection (', 'PlayReady header:', 'Output:']],
    [['decrypt'], ['Keys (', 'Output:']],
    [['inspect'], ['Keys (', 'Output:']],
    [
      ['pssh', 'build'],
      ['Content:', 'PlayReady header:', 'Output:'],
    ],
    [['pssh', 'parse'], ['Output:']],
    [
      ['keys', 'list'],
      ['Which keys (', 'Key store:', 'Output:'],
    ],
    [
      ['keys', 'add'],
      ['What the key is for:', 'Key (', 'Key store:', 'Output:'],
    ],
    [
      ['keys', 'export'],
      ['Which keys (', 'Form:', 'Key store:', 'Output:'],
    ],
    [['worker'], ['Jobs:', 'Keys (', 'Registration (', 'Output:']],
    [['config'], ['Output:']],
  ])('of %j has groups of options and examples', async (command, groups) => {
    const { exitCode, stdout, stderr } = await runCli([...command, '--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Usage: prpack ${command.join(' ')} `);
    for (const heading of [...groups, 'Examples:']) expect(stdout).toContain(`\n${heading}`);
  });

  it('can be asked for with the word, too', async () => {
    expect(await runCli(['help', 'encrypt'])).toEqual(await runCli(['encrypt', '--help']));
  });

  it.each([[[]], [['pssh']], [['keys']]])(
    'stands in for a missing command as a usage error: %j',
    async (args: string[]) => {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain('Commands:');
    },
  );

  it('of a command loads no other command and not the library', async () => {
    const files = (await filesLoadedBy('encrypt', '--help')).join('\n');
    expect(files).toMatch(/dist\/cli-/);
    expect(files).not.toMatch(/dist\/(?:decrypt|inspect|pssh|index|core|library)-|mp4box|node_modules/);
  });

  it('is plain where colours are not wanted', async () => {
    const { stdout } = await runCli(['--help'], { env: { NO_COLOR: '1' } });
    expect(stdout).not.toContain('\u001b');
  });
});

describe('docs/exit-codes.md', () => {
  const page = readFileSync(join(ROOT, 'docs/exit-codes.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (\d+) \| (.+?) \| (.*?) ?\|$/gm)];

  it('says what --help says', () => {
    expect(rows.map(([, code, meaning]) => [Number(code), meaning])).toEqual(EXIT_CODE_MEANINGS);
  });

  it('lists every error code under its exit code', () => {
    const listed = rows.flatMap(([, exitCode, , codes]) =>
      [...codes!.matchAll(/`(\w+)`/g)].map(([, code]) => [code as ErrorCode, Number(exitCode)] as const),
    );
    for (const [code, exitCode] of listed) expect(exitCodeOf(code), code).toBe(exitCode);
    const source = readFileSync(join(ROOT, 'src/errors.ts'), 'utf8');
    const declared = [...source.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code);
    expect(listed.map(([code]) => code).sort()).toEqual(declared.sort());
  });
});

describe('README.md', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [claim = ''] = readme.match(/Every command takes .*/) ?? [];
  const promised = [...claim.matchAll(/`(--[a-z]+)`/g)].map(([, flag]) => flag);

  it('promises options of every command, which every command has', async () => {
    expect(promised).toEqual(['--json', '--quiet', '--help']);
    const commands = await commandsBelow([]);
    expect(commands.length).toBeGreaterThan(15);
    for (const { path, help } of commands) {
      const missing = promised.filter((flag) => !new RegExp(`^ +(?:-h, )?${flag}\\b`, 'm').test(help));
      expect({ path, missing }).toEqual({ path, missing: [] });
    }
  });
});

/** Every command that does something, by the lists of commands in the help. */
async function commandsBelow(path: readonly string[]): Promise<{ path: string; help: string }[]> {
  const { stdout: help } = await runCli([...path, '--help']);
  const [, list = ''] = help.match(/^Commands:\n((?: {2}.*\n)+)/m) ?? [];
  const names = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!);
  const below = await Promise.all(names.map((name) => commandsBelow([...path, name])));
  const acts = names.length === 0 || /^ +--config\b/m.test(help); // \`serve\` acts, and has commands, too
  return [...(acts ? [{ path: path.join(' '), help }] : []), ...below.flat()];
}

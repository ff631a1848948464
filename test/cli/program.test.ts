import type { Command } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.js';

/** What a command does not run without. */
/** What options take that do not take a key store. */
const VALUES: Readonly<Record<string, string>> = { '--queue': 'postgres://db.example/given' };

const DEMANDED: Readonly<Record<string, readonly string[]>> = {
  'serve token create': ['--name', 'packager', '--scope', 'admin'],
  'serve token revoke': ['0123abcd'],
};

/** A command as it is once its options are loaded, found by its path. */
async function loaded(path: readonly string[]): Promise<Command> {
  const program = createProgram();
  const print = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await program.parseAsync([...path, '--help'], { from: 'user' }).catch(() => {});
  print.mockRestore();
  return path.reduce<Command>((at, name) => at.commands.find((command) => command.name() === name)!, program);
}

/** The paths of all commands below one. */
async function pathsBelow(path: readonly string[]): Promise<string[][]> {
  const names = (await loaded(path)).commands.map((command) => command.name());
  const paths: string[][] = [];
  for (const name of names) paths.push([...path, name], ...(await pathsBelow([...path, name])));
  return paths;
}

/** The options of a command that one of its ancestors has, too. */
async function sharedOptions(path: readonly string[]): Promise<{ flag: string; value: string | true }[]> {
  const command = await loaded(path);
  const above = new Set<string>();
  for (let at = command.parent; at; at = at.parent) for (const { long } of at.options) above.add(long!);
  return command.options
    .filter(({ long }) => above.has(long!))
    .map((option) => ({
      flag: option.long!,
      value: option.isBoolean() ? true : (VALUES[option.long!] ?? 'sqlite:given.sqlite'),
    }));
}

/** The command that an argument list leads to, right before it would be run. */
async function calledBy(argv: readonly string[]): Promise<Command> {
  const program = createProgram();
  return new Promise((resolve, reject) => {
    program.hook('preAction', (_, called) => {
      resolve(called);
      throw new Error('far enough');
    });
    program.parseAsync(argv, { from: 'user' }).catch(reject);
  });
}

describe('an option that a command and one above it have', async () => {
  const commands = await pathsBelow([]);
  const shared: { path: string[]; flag: string; value: string | true }[] = [];
  for (const path of commands) {
    for (const option of await sharedOptions(path)) shared.push({ path, ...option });
  }

  it('is looked for in all commands', () => {
    const names = commands.map((path) => path.join(' '));
    expect(names).toEqual(
      expect.arrayContaining(['encrypt', 'keys rewrap', 'pssh parse', 'serve token list']),
    );
    expect(new Set(shared.map(({ path }) => path.join(' ')))).toEqual(
      new Set([
        'serve token create',
        'serve token list',
        'serve token revoke',
        'worker pause',
        'worker resume',
      ]),
    );
  });

  it.each(shared)('reaches $path: $flag', async ({ path, flag, value }) => {
    const demanded = DEMANDED[path.join(' ')] ?? [];
    const called = await calledBy([...path, ...demanded, flag, ...(value === true ? [] : [value])]);
    const name = called.options.find(({ long }) => long === flag)!.attributeName();
    expect([called.name(), called.getOptionValue(name)]).toEqual([path.at(-1), value]);
    for (let at = called.parent; at; at = at.parent) expect(at.getOptionValueSource(name)).not.toBe('cli');
  });
});

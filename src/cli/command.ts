import { styleText } from 'node:util';
import { Command } from 'commander';
import { PrpackError } from '../errors.js';

/** A command that reports its usage errors as every other error is reported, and never repeats a value in them. */
export class CliCommand extends Command {
  constructor(name?: string) {
    super(name);
    this.exitOverride();
    this.enablePositionalOptions(); // an option behind a sub-command is the sub-command's, also when this one has it, too
    this.helpOption('-h, --help', 'print help');
    this.configureHelp({ styleTitle: (title) => styleText('bold', title, { validateStream: false }) });
  }

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  override error(message: string): never {
    throw new PrpackError('INVALID_ARGUMENT', withoutValues(message), {
      remedy: `See ${pathOf(this)} --help.`,
    });
  }
}

/**
 * Commander's message without its prefix, on one line, and without the value in `unknown option '--keyy=0123…'`.
 */
function withoutValues(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/^(unknown option '[^=]*)=[\s\S]*?'(?=$|\n\(Did)/, "$1'")
    .replace(/\s*\n\s*/g, ' ');
}

/** A command of the table: what the help of its parent needs, and where the rest of it is. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<(command: Command) => void>;
}

/** Adds commands whose options and action are loaded only when they are the ones called. */
export function addCommands(parent: Command, entries: readonly CommandEntry[]): void {
  for (const { name, summary } of entries) parent.command(name).summary(summary);
  parent.helpCommand(false);
  parent.hook('preSubcommand', async (_, called) => {
    assertNoOptions(parent, called);
    const entry = entries.find(({ name }) => name === called.name());
    (await entry!.load())(called);
  });
}

/** What stands before the name of a sub-command is for a command that then does not run. */
function assertNoOptions(parent: Command, called: Command): void {
  const idle = parent.options.find((option) => parent.getOptionValueSource(option.attributeName()) === 'cli');
  if (!idle) return;
  throw new PrpackError('INVALID_ARGUMENT', `${idle.long} has no effect before '${called.name()}'`, {
    remedy: `Put it behind, if it is one of those that ${pathOf(called)} --help lists.`,
  });
}

/** `prpack pssh build` */
function pathOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at; at = at.parent) names.unshift(at.name());
  return names.join(' ');
}

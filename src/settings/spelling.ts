import { flagNameOf, OPTIONS, type OptionName } from './options.js';

/** How messages name options: as code gives them to the library, or as flags of the command line. */
export type Spelling = 'code' | 'flags';

let spelling: Spelling = 'code';

/** What the program says of options from now on. It is set once, where the program begins, and handed on to its threads. */
export function spellOptionsAs(next: Spelling): void {
  spelling = next;
}

export function spellingOfOptions(): Spelling {
  return spelling;
}

/**
 * An option as the reader of the message can give it: `layout: 'keep'` to the library, `--layout keep` on the command
 * line. Every message of the library that names an option does it with this.
 */
export function named(name: OptionName, value?: string | number | boolean): string {
  const rows = OPTIONS.filter((row) => row.name === name);
  const option = (spelling === 'flags' && rows.find(({ flag }) => flag !== undefined)) || rows[0]!;
  if (spelling === 'flags' && option.flag !== undefined) {
    const isSwitch = !/[<[]/.test(option.flag);
    return value === undefined || isSwitch ? flagNameOf(option) : `${flagNameOf(option)} ${value}`;
  }
  const inCode = option.code ?? (option.playready === undefined ? name : `playready.${option.playready}`);
  return value === undefined ? inCode : `${inCode}: ${typeof value === 'string' ? `'${value}'` : value}`;
}

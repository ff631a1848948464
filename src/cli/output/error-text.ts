import type { ErrorReport } from '../errors/report.js';
import type { Style } from './style.js';
import { formatPairs } from './table.js';
import { joinLines } from './text.js';
import { printable } from './units.js';

/** An error as people read it: what happened, where, and what to do next. */
export function formatError(report: ErrorReport, style: Style): string {
  const { code, message, boxPath, offsetBytes, expected, received, clause, path, remedy } = report;
  const said = `${message} ${remedy}`;
  const facts = formatPairs(
    [
      ['file', unsaid(path, said)],
      ['box', unsaid(boxPath, said)],
      ['offset', unsaid(offsetBytes, '')],
      ['expected', unsaid(expected, said)],
      ['received', unsaid(received, said)],
      ['rule', unsaid(clause, said)],
      ['next', unsaid(remedy, '')],
    ],
    '  ',
    style,
  );
  const title = `${style.red(style.bold('error:'))} ${printable(message)} ${style.dim(`[${code}]`)}`;
  return joinLines([title, ...facts, ...internalLines(report)]);
}

/** A fact as text, unless it is absent or was said already. */
function unsaid(fact: string | number | undefined, said: string): string | undefined {
  const text = `${fact ?? ''}`;
  return text === '' || said.includes(text) ? undefined : printable(text);
}

function internalLines({ report }: ErrorReport): string[] {
  if (!report) return [];
  const { version, node, platform, command, stack } = report;
  return [
    '',
    'This is a defect of prpack. Please report it with what follows; values of options are left out.',
    `  prpack ${version}, Node ${node}, ${platform}`,
    `  command: ${command}`,
    ...stack.split('\n').map((line) => `  ${printable(line)}`),
  ];
}

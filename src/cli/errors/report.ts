import { type ErrorCode, type ErrorDetails, exitCodeOf, PrpackError } from '../../errors.js';
import { formatError } from '../output/error-text.js';
import { formatJson } from '../output/json.js';
import { writeError, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { packageVersion } from '../version.js';
import { type Redact, redactor } from './redact.js';

/** A failure as plain data: the `error` of `--json`. */
export interface ErrorReport extends ErrorDetails {
  readonly code: ErrorCode;
  readonly message: string;
  /** Only with code INTERNAL: what a bug report needs. */
  readonly report?: DefectReport;
}

export interface DefectReport {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  /** The command with the names of its options, without any value. */
  readonly command: string;
  readonly stack: string;
}

/** Prints a failure, to stdout as JSON when the arguments ask for it, else to stderr. The answer is the exit code. */
export async function reportFailure(error: unknown, argv: readonly string[]): Promise<number> {
  const report = errorReport(error, argv, redactor(argv, process.env));
  if (asksForJson(argv)) await writeResult(formatJson({ error: report })).catch(() => {});
  else writeError(formatError(report, styleOf(process.stderr)));
  return exitCodeOf(report.code);
}

/** Decided on the arguments, for the failure may be that they cannot be parsed. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}

/** The report of anything thrown, without keys. */
export function errorReport(error: unknown, argv: readonly string[], redact: Redact): ErrorReport {
  const known = error instanceof PrpackError ? error : unknownError(error);
  const report: ErrorReport = {
    ...known.toJSON(),
    ...(known.code === 'INTERNAL' && { report: defectReport(known, argv) }),
  };
  return redactAll(report, redact) as ErrorReport;
}

/** Whatever is not a PrpackError was not foreseen, but for the error that an AbortSignal makes. */
function unknownError(error: unknown): PrpackError {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === 'AbortError') {
    return new PrpackError('ABORTED', 'interrupted', { remedy: 'Run the command again.' }, error);
  }
  const remedy = 'Report this as a defect, with the details below.';
  return new PrpackError('INTERNAL', `unexpected failure: ${message}`, { remedy }, error);
}

function defectReport(error: PrpackError, argv: readonly string[]): DefectReport {
  const origin = error.cause instanceof Error ? error.cause : error;
  return {
    version: packageVersion(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    command: ['prpack', ...withoutValues(argv)].join(' '),
    stack: origin.stack ?? String(origin),
  };
}

/** Commands that have commands of their own. */
const GROUPS = ['pssh', 'keys'];

/** Names of commands and options only: words in front, and whatever starts with dashes up to its `=`. */
function withoutValues(argv: readonly string[]): string[] {
  const firstOption = argv.findIndex((argument) => argument.startsWith('-'));
  const words = argv.slice(0, firstOption < 0 ? argv.length : firstOption);
  const commands = words.slice(0, GROUPS.includes(words[0] ?? '') ? 2 : 1);
  const options = argv.filter((argument) => /^--[a-z]/.test(argument));
  return [...commands, ...options.map((argument) => argument.replace(/=.*/s, '=…'))];
}

function redactAll(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactAll(inner, redact)]));
}

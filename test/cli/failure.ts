import { redactor } from '../../src/cli/errors/redact.js';
import { type ErrorReport, errorReport } from '../../src/cli/errors/report.js';
import { formatError } from '../../src/cli/output/error-text.js';
import { PLAIN } from '../../src/cli/output/style.js';
import { createProgram } from '../../src/cli/program.js';

/** What the command line says of a failure, in both forms, without the cost of a process. */
export async function failureOfCli(argv: readonly string[]): Promise<{ report: ErrorReport; text: string }> {
  try {
    await createProgram().parseAsync([...argv], { from: 'user' });
  } catch (error) {
    const report = errorReport(error, argv, redactor(argv));
    return { report, text: formatError(report, PLAIN) };
  }
  throw new Error(`nothing failed: ${argv.join(' ')}`);
}

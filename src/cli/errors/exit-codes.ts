import { exitCodeOf } from '../../errors.js';

/** What each exit code of the command line means, in the words of `prpack --help` and docs/exit-codes.md. */
export const EXIT_CODE_MEANINGS: readonly (readonly [exitCode: number, meaning: string])[] = [
  [0, 'done'],
  [exitCodeOf('INVALID_ARGUMENT'), 'usage: the command line cannot be understood or contradicts itself'],
  [
    exitCodeOf('MALFORMED_INPUT'),
    'bad input: missing, unreadable, damaged, or not what the command works on',
  ],
  [exitCodeOf('UNSUPPORTED_CODEC'), 'unsupported: a codec, feature or scheme that prpack does not handle'],
  [exitCodeOf('KEY_REQUIRED'), 'keys or key store: missing, malformed or conflicting'],
  [exitCodeOf('OUTPUT_FAILED'), 'output: exists already, cannot be written, or failed its check'],
  [exitCodeOf('QUEUE_FAILED'), 'queue of jobs: unreachable, or refuses what it is asked for'],
  [exitCodeOf('INTERNAL'), 'internal: a defect of prpack; the message says what to report'],
  [exitCodeOf('ABORTED'), 'interrupted by SIGINT or SIGTERM'],
];

import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { modeText } from '../bytes/open-modes.js';
import { type ErrorDetails, PrpackError } from '../errors.js';
import { looksLikeKey, REDACTED } from '../settings/secrets.js';
import { named } from '../settings/spelling.js';
import { SECRET_VARIABLES } from '../settings/variables.js';
import { KEK_COMMAND_LIMIT_MS } from './kek-command.js';
import { otherKekOpened } from './kek-failure.js';
import { KeyEncryptionKey } from './key-wrap.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Version of the protocol, in each question and answer. */
const VERSION = 1;
const LONGEST_ANSWER = 65_536;
const LONGEST_WRAPPED = 16_384;
/** Of what a program writes to standard error, an error repeats the end. */
const LONGEST_COMPLAINT = 400;

/** What a program is asked: a line of JSON on its standard input, which then ends. */
type Question =
  | { readonly operation: 'wrap'; readonly kekId: string; readonly key: string }
  | { readonly operation: 'unwrap'; readonly kekId: string; readonly wrapped: string };

const WRAPPED = z.object({
  version: z.literal(VERSION),
  wrapped: z
    .string()
    .max(LONGEST_WRAPPED)
    .regex(/^[\x21-\x7e]+$/),
});
/** Base64 of 32 bytes. */
const OPENED = z.object({ version: z.literal(VERSION), key: z.string().regex(/^[A-Za-z0-9+/]{43}=$/) });

/**
 * A new random KEK, wrapped by the program. What it wrapped is opened again first: a program that may wrap, and not unwrap, would lose
 * every key.
 * @throws PrpackError as `openByProgram`
 */
export async function createByProgram(
  program: string,
  environment: Environment,
  timeLimitMs: number = KEK_COMMAND_LIMIT_MS,
): Promise<KeyEncryptionKey> {
  const kek = KeyEncryptionKey.random();
  const key = Buffer.from(kek.revealHex(), 'hex').toString('base64');
  const question = { operation: 'wrap', kekId: kek.id, key } as const;
  const { wrapped } = await ask(program, environment, question, WRAPPED, timeLimitMs);
  return openByProgram(program, environment, kek.id, wrapped);
}

/**
 * The KEK with this id, unwrapped by the program.
 * @throws PrpackError KEY_SOURCE_FAILED when the program cannot be run, fails, takes too long or does not answer as it should,
 *   KEY_INVALID when others may change it, or when it answers with another KEK
 */
export async function openByProgram(
  program: string,
  environment: Environment,
  kekId: string,
  wrapped: string,
): Promise<KeyEncryptionKey> {
  const question = { operation: 'unwrap', kekId, wrapped } as const;
  const { key } = await ask(program, environment, question, OPENED, KEK_COMMAND_LIMIT_MS);
  const kek = KeyEncryptionKey.parse(key, program);
  if (kek.id !== kekId) throw otherKekOpened(program, kekId, kek.id);
  return kek.keptAs(wrapped);
}

async function ask<T>(
  program: string,
  environment: Environment,
  question: Question,
  answerOf: z.ZodType<T>,
  timeLimitMs: number,
): Promise<T> {
  await assertOwn(program);
  const line = `${JSON.stringify({ version: VERSION, ...question })}\n`;
  const ended = await run(program, environment, line, timeLimitMs);
  const secrets = question.operation === 'wrap' ? [question.key] : [];
  if (ended.problem !== undefined) throw programFailure(program, question, ended, secrets);
  const answer = answerOf.safeParse(parsedOrUndefined(ended.stdout));
  if (answer.success) return answer.data;
  const problem = 'did not answer as it should';
  const field = question.operation === 'wrap' ? '"wrapped": "…"' : '"key": "…"';
  throw programFailure(program, question, { ...ended, problem }, secrets, {
    expected: `a line of JSON: {"version": ${VERSION}, ${field}}`,
    received: `${ended.stdout.length} characters`,
  });
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The program sees the KEK, so that nobody else may put another in its place. */
async function assertOwn(program: string): Promise<void> {
  const stats = await stat(program).catch((error: NodeJS.ErrnoException) => {
    throw programFailure(program, undefined, { problem: `cannot be run (${error.code})`, stderr: '' }, []);
  });
  if (process.platform === 'win32' || (stats.mode & 0o002) === 0) return;
  throw new PrpackError('KEY_INVALID', `everybody can change the KEK command: ${program}`, {
    path: program,
    expected: 'a program that only its owner and group can write',
    received: modeText(stats),
    remedy: `Run \`chmod o-w ${program}\`, and look at what it does.`,
  });
}

/** How a program ended; `problem` unless it ended well. */
interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly problem?: string;
}

/** Runs the program without a shell and without arguments, in a group of its own, so that what it started ends with it. */
function run(program: string, environment: Environment, input: string, timeLimitMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, [], {
      env: withoutSecrets(environment),
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: 'pipe',
    });
    let stdout = '';
    let stderr = '';
    let problem: string | undefined;
    const stop = (reason: string) => {
      problem ??= reason;
      killGroup(child.pid);
    };
    const timer = setTimeout(() => stop(`took longer than ${timeLimitMs / 1000} seconds`), timeLimitMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > LONGEST_ANSWER) stop('answered with too much');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-LONGEST_ANSWER);
    });
    const end = (last?: string) => {
      clearTimeout(timer);
      const reason = problem ?? last;
      resolve({ stdout, stderr, ...(reason !== undefined && { problem: reason }) });
    };
    child.on('error', (error: NodeJS.ErrnoException) => end(`cannot be run (${error.code})`));
    child.on('close', (code, signal) => end(problemOfEnd(code, signal)));
    child.stdin.on('error', () => {}); // a program that ends without reading says why in another way
    child.stdin.end(input);
  });
}

function problemOfEnd(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined;
  return code === null ? `was ended by ${signal}` : `failed with exit code ${code}`;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function withoutSecrets(environment: Environment): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRET_VARIABLES.includes(name)));
}

function programFailure(
  program: string,
  question: Question | undefined,
  { problem, stderr }: Pick<Ended, 'problem' | 'stderr'>,
  secrets: readonly string[],
  details: ErrorDetails = {},
): PrpackError {
  const asked = question ? `, asked to ${question.operation} the KEK ${question.kekId}` : '';
  const complaint = presentableComplaint(stderr, secrets);
  const said = complaint === '' ? '' : `. It says: ${complaint}`;
  return new PrpackError('KEY_SOURCE_FAILED', `the KEK command ${program} ${problem}${asked}${said}`, {
    path: program,
    ...details,
    remedy: `Let this user run the program, and the program reach its key management service, or name another with ${named('kekCommand')}. Its protocol is in docs/keys.md.`,
  });
}

/** The end of what a program wrote, on one line, without what may be a key. */
function presentableComplaint(stderr: string, secrets: readonly string[]): string {
  const shown = secrets
    .reduce((text, secret) => text.replaceAll(secret, REDACTED), stderr)
    .replace(/[0-9a-f]{2}(?:[:-][0-9a-f]{2}){15,}/gi, REDACTED)
    .replace(/[A-Za-z0-9+/_-]{16,}={0,2}/g, (word) => (looksLikeKey(word) ? REDACTED : word))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return shown.length > LONGEST_COMPLAINT ? `…${shown.slice(-LONGEST_COMPLAINT)}` : shown;
}

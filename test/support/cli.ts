import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { inject } from 'vitest';
import { runInHost } from './cli-host.js';
import { ROOT } from './samples.js';

/** The executable that the tests run. */
export const PRPACK = join(ROOT, 'bin/prpack.js');

/** What a run of the command line left behind. */
export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Added to an environment without any variable that prpack or its colours depend on. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the program reads from stdin; empty by default. `open`: `onStart` writes it. */
  readonly stdin?: string | Uint8Array | 'open';
  /** Default: the private home of the test file, so that no configuration file of the machine is found upwards. */
  readonly cwd?: string;
  /** Called once the process runs, to send it signals. */
  readonly onStart?: (child: ChildProcess) => void;
  /** User id to run under; only root can choose. */
  readonly uid?: number;
  /** Arguments of Node itself. */
  readonly nodeArgs?: readonly string[];
}

/** Runs the built command line: as a process of its own, or in one that runs it again and again. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { env = {}, cwd = process.env.HOME!, stdin, nodeArgs, onStart, uid } = options;
  const isPlain = [stdin, nodeArgs, onStart, uid].every((option) => option === undefined);
  const hosted =
    isPlain && !inject('buildProblem')
      ? runInHost({ args, cwd, env: { ...plainEnvironment(), ...env } }, env)
      : undefined;
  return hosted ?? runProcess(args, options);
}

/** Runs the built command line as a process of its own. */
export function runProcess(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return runProgram(process.execPath, [...(options.nodeArgs ?? []), PRPACK, ...args], options);
}

/** Runs a program, such as a terminal around the command line. */
export function runProgram(
  program: string,
  args: readonly string[],
  { env = {}, stdin = '', cwd = process.env.HOME!, uid, onStart }: CliOptions = {},
): Promise<CliResult> {
  const problem = inject('buildProblem');
  if (problem) throw new Error(`dist/ could not be built:\n${problem}`);
  const child = spawn(program, args, {
    cwd,
    env: { ...plainEnvironment(), ...env },
    ...(uid === undefined ? {} : { uid }),
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  child.stdin.on('error', () => {}); // a program that does not read its input closes it
  if (stdin !== 'open') child.stdin.end(stdin);
  onStart?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout: stdout(), stderr: stderr() }));
  });
}

/** What a command with --json prints: shapes differ by command, so its tests look into it untyped. */
// biome-ignore lint/suspicious/noExplicitAny: tests assert the shape, the compiler cannot
type Json = any;

/** `runCli` for a command with --json: the one object on stdout. */
export async function runCliJson(
  args: readonly string[],
  options: CliOptions = {},
): Promise<{ exitCode: number | null; json: Json; stderr: string }> {
  const { exitCode, stdout, stderr } = await runCli([...args, '--json'], options);
  return { exitCode, json: JSON.parse(stdout), stderr };
}

function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PRPACK_|CI$|NO_COLOR$|FORCE_COLOR$|NODE_OPTIONS$|VITEST)/.test(name),
  );
  return Object.fromEntries(kept);
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString('utf8');
}

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CliResult } from './cli.js';
import { SWEEPS } from './sweeps.js';

/** A run of the command line. */
export interface HostedRun {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

const PROGRAM = fileURLToPath(new URL('cli-host.mjs', import.meta.url));

/** Words and variables after which the program keeps something for the rest of its process, or that Node reads when it starts. */
const OF_A_PROCESS = /^(-|-q|--quiet|serve|play|--config)$/;
const VARIABLES_OF_A_PROCESS = /^(NODE_|PRPACK_QUIET$|PRPACK_CONFIG$)/;

/** Commands of which a process of its own has run, for a test file of this worker. */
const seen = new Set<string>();
let host: ChildProcess | undefined;
let isBusy = false;

/**
 * Runs the command line in a process that the worker of the tests keeps, and which ends with it: a run there takes a third of the
 * time. The first run of a command is not for it, nor are runs at the same time, and with PRPACK_SWEEPS none is.
 * @param env of the whole process; `own` the variables among them that the test has set
 * @returns undefined when a process of its own is needed
 */
export function runInHost(
  run: HostedRun,
  own: Readonly<Record<string, string>>,
): Promise<CliResult> | undefined {
  const [command = '', word = ''] = run.args;
  const name = /^[a-z][a-z-]*$/.test(word) ? `${command} ${word}` : command; // `keys list`, but not `encrypt film.mp4`
  const isFirst = !seen.has(name);
  seen.add(name);
  if (SWEEPS || isFirst || isBusy) return undefined;
  if (run.args.some((arg) => OF_A_PROCESS.test(arg))) return undefined;
  if (Object.keys(own).some((variable) => VARIABLES_OF_A_PROCESS.test(variable))) return undefined;
  return ask(run);
}

function ask(run: HostedRun): Promise<CliResult> {
  const child = host ?? fork(PROGRAM, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
  host = child;
  isBusy = true;
  return new Promise<CliResult>((resolve, reject) => {
    const onExit = () => {
      host = undefined;
      reject(new Error('the process that runs the command line has ended'));
    };
    child.once('exit', onExit);
    child.once('message', (result: CliResult) => {
      child.off('exit', onExit);
      resolve(result);
    });
    child.send(run);
  }).finally(() => {
    isBusy = false;
  });
}

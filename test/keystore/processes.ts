import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A program of the tests, compiled for plain Node so that it can run in processes of its own. */
export interface Program {
  readonly run: (args: readonly string[], options?: RunOptions) => Run;
  readonly remove: () => void;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** User id to run under; only root can choose. */
  readonly uid?: number;
  /** Limit on the size of files, in KiB. */
  readonly fileSizeKib?: number;
}

export interface Run {
  readonly lines: string[];
  readonly kill: () => void;
  /** Called with the number of lines at each new line. */
  onLine: (count: number) => void;
  readonly ended: Promise<{ code: number | null; stderr: string }>;
}

/** Compiles a source file of this repository. The result lies where it finds the packages that it imports. */
export function compile(source: string): Program {
  const directory = join(ROOT, 'node_modules', '.cache', `prpack-test-${process.pid}-${Date.now()}`);
  mkdirSync(directory, { recursive: true });
  const project = join(directory, 'tsconfig.json');
  const config = {
    extends: relative(directory, join(ROOT, 'tsconfig.json')),
    compilerOptions: { rootDir: ROOT, outDir: directory, noEmit: false, noCheck: true },
    include: [],
    files: [join(ROOT, source)],
  };
  writeFileSync(project, JSON.stringify(config));
  writeFileSync(join(directory, 'package.json'), '{"type": "module"}');
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '--project', project]);
  const script = join(directory, source.replace(/\.ts$/, '.js'));
  return {
    run: (args, options = {}) => start(script, args, options),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function start(script: string, args: readonly string[], { env, uid, fileSizeKib }: RunOptions): Run {
  const command = [process.execPath, script, ...args];
  const limited =
    fileSizeKib === undefined
      ? command
      : ['bash', '-c', `ulimit -f ${fileSizeKib}; exec "$@"`, '-', ...command];
  const child = spawn(limited[0]!, limited.slice(1), {
    env: { ...process.env, ...env },
    ...(uid === undefined ? {} : { uid }),
  });
  const run: Run = {
    lines: [],
    kill: () => child.kill('SIGKILL'),
    onLine: () => {},
    ended: new Promise((resolve, reject) => {
      let stderr = '';
      let rest = '';
      child.stderr.on('data', (data) => {
        stderr += data;
      });
      child.stdout.on('data', (data) => {
        const lines = `${rest}${data}`.split('\n');
        rest = lines.pop()!;
        for (const line of lines) run.onLine(run.lines.push(line));
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stderr }));
    }),
  };
  return run;
}

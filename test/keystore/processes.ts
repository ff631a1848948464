import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { parseKeyId } from '../../src/keys/key-id.js';
import { openKeyStore } from '../../src/keystore/open.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Every acknowledged line is a key that the store gives back. Returns how many keys there are. */
export async function assertKept(
  location: string,
  environment: Record<string, string>,
  lines: readonly string[],
): Promise<number> {
  const store = openKeyStore({ location, environment });
  const records = new Map<string, string>();
  for (let cursor: string | undefined, more = true; more; ) {
    const page = await store.list({}, { limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    for (const record of page.items) records.set(record.kid, record.contentId);
    cursor = page.next;
    more = cursor !== undefined;
  }
  const contents = new Set(records.values());
  const keys = new Map<string, string>();
  for (const contentId of contents) {
    for (const { record, key } of await store.findByContentId(contentId))
      keys.set(record.kid, key!.revealHex());
  }
  await store.close();
  for (const line of lines) {
    const [kid, key] = line.split(' ');
    expect(keys.get(parseKeyId(kid!))).toBe(key);
  }
  return records.size;
}

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

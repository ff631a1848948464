import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** What the compiler said against the sources, or nothing: tests of the built program fail with it. */
    buildProblem: string;
  }
}

const ROOT = join(import.meta.dirname, '../..');

/** Builds dist/ once before all tests when it is missing or older than the sources, so that tests run the real program. */
export default function buildWhenStale(project: TestProject): void {
  project.provide('buildProblem', isFresh() ? '' : build());
}

function isFresh(): boolean {
  const builtMs = modifiedMs(join(ROOT, 'dist/index.js'));
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const inputs = [...sources.map((name) => join(ROOT, 'src', name)), join(ROOT, 'tsconfig.build.json')];
  return inputs.every((path) => modifiedMs(path) < builtMs);
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function build(): string {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  try {
    execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noEmitOnError'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const page = 'server/player/page'; // as the build script of package.json does
    cpSync(join(ROOT, 'src', page), join(ROOT, 'dist', page), { recursive: true });
    return '';
  } catch (error) {
    return (error as { stdout?: string }).stdout || String(error);
  }
}

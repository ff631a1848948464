import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
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
  const builtMs = modifiedMs(join(ROOT, 'dist/index.d.ts'));
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const inputs = [
    ...sources.map((name) => join('src', name)),
    'tsconfig.build.json',
    'rolldown.config.js',
    'build.js',
  ];
  return inputs.every((path) => modifiedMs(join(ROOT, path)) < builtMs);
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function build(): string {
  try {
    execFileSync('npm', ['run', 'build'], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
    return '';
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}` || String(error);
  }
}

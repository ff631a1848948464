import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';
import { ROOT } from './samples.js';

/** A program that the interop tests run. */
export type Tool = 'ffmpeg' | 'chromium' | 'shaka-packager' | 'radosgw';

const FINDERS: Record<Tool, () => string | undefined> = {
  ffmpeg: () => onPath('ffmpeg'),
  chromium: () => onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome'),
  'shaka-packager': shakaPackager,
  radosgw: () => onPath('radosgw') && onPath('ceph-mon') && onPath('ceph-osd'),
};

const HINTS: Record<Tool, string> = {
  ffmpeg: 'install ffmpeg',
  chromium: 'install chromium',
  'shaka-packager': 'run npm ci on Linux or macOS',
  radosgw: 'install radosgw, ceph-mon and ceph-osd',
};

/**
 * `describe`, but skipped with the reason in its title where a tool is missing. In CI (the variable `CI` is set) a
 * missing tool is a failure, so that nothing is left untested unseen.
 */
export function describeWith(tools: readonly Tool[], title: string, body: () => void): void {
  const missing = tools.filter((tool) => FINDERS[tool]() === undefined);
  if (missing.length === 0) return void describe(title, body);
  const reason = missing.map((tool) => `${tool} is missing: ${HINTS[tool]}`).join('; ');
  if (process.env.CI) throw new Error(`${title}: ${reason}`);
  describe.skip(`${title} (skipped: ${reason})`, body);
}

export function hasTool(tool: Tool): boolean {
  return FINDERS[tool]() !== undefined;
}

/** Path of a tool; throws when it is missing. */
export function toolPath(tool: Tool): string {
  const path = FINDERS[tool]();
  if (path === undefined) throw new Error(`${tool} is missing: ${HINTS[tool]}`);
  return path;
}

/** Runs ffmpeg quietly and returns its standard output as text; its complaints become the error. */
export function ffmpeg(...args: readonly string[]): string {
  const command = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args];
  return runOrThrow(toolPath('ffmpeg'), command);
}

/** Runs shaka-packager and returns its standard output as text. */
export function shaka(...args: readonly string[]): string {
  return runOrThrow(toolPath('shaka-packager'), ['--quiet', ...args]);
}

function runOrThrow(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}\nexit ${status}\n${stderr}`);
  return stdout;
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The npm package carries one static binary for each platform. */
function shakaPackager(): string | undefined {
  const os = { linux: 'linux', darwin: 'osx' }[process.platform as string];
  const path = join(ROOT, `node_modules/shaka-packager/bin/packager-${os}-${process.arch}`);
  return existsSync(path) && runs(path) ? path : undefined;
}

function runs(path: string): boolean {
  try {
    execFileSync(path, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

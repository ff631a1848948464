import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { readTextFile, stateOfFile } from '../../bytes/files.js';
import { fingerprintOf } from '../execute/fingerprint.js';
import type { WrittenOutput } from '../publication.js';
import type { TitleJob, TitleOutput } from './package.js';
import type { PackageOptions } from './types.js';

/** Name of the file that says how a presentation was made: never a key. */
export const STATE_FILE = 'prpack.json';

interface PackageState {
  /** Of this file. */
  readonly version: 1;
  readonly contentId: string;
  /** SHA-256 of inputs, options and KIDs. */
  readonly job: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

/** What of the options changes the output. */
const OPTIONS_THAT_MATTER = [
  'scheme',
  'pattern',
  'ivSize',
  'systems',
  'playready',
  'contentId',
  'describe',
  'keyPer',
  'segmentDurationSeconds',
  'fragmentDurationSeconds',
  'fairplayUri',
] as const;

/** What a presentation is made of, as 64 hexadecimal digits: the same for the same inputs, options and keys. */
export async function jobDigest(
  { title, keys, contentId }: TitleJob,
  options: PackageOptions,
): Promise<string> {
  const inputs: [string, string][] = [];
  for (const { path } of title.inputs)
    inputs.push([basename(path), await fingerprintOf(path, options.signal)]);
  const chosen = OPTIONS_THAT_MATTER.map((name) => [name, options[name]]);
  const kids = keys.map(({ kid }) => kid);
  return createHash('sha256')
    .update(JSON.stringify([inputs, chosen, kids, contentId]))
    .digest('hex');
}

export function stateText(state: Omit<PackageState, 'version'>): string {
  return `${JSON.stringify({ version: 1, ...state }, undefined, 2)}\n`;
}

/** The outputs of an earlier run of the same job, when every file is still there as it was published. */
export async function findPublished(
  outDir: string,
  digest: string,
  outputs: readonly TitleOutput[],
  signal: AbortSignal | undefined,
): Promise<readonly WrittenOutput[] | undefined> {
  const path = join(outDir, STATE_FILE);
  if (!stateOfFile(path)) return undefined;
  const state = parseState(await readTextFile(path));
  if (state?.job !== digest) return undefined;
  const shaOf = new Map<string, string>();
  for (const { name, bytes, sha256 } of state.files) {
    const file = join(outDir, name);
    if (stateOfFile(file)?.bytes !== bytes || (await fingerprintOf(file, signal)) !== sha256)
      return undefined;
    shaOf.set(name, sha256);
  }
  const found = outputs.map(({ name, key }) => ({ keys: [key], sha256: shaOf.get(name) }));
  return found.every(({ sha256 }) => sha256 !== undefined) ? found : undefined;
}

function parseState(text: string): PackageState | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // another file of this name
  }
}

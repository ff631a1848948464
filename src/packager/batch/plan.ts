import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { assertMediaName } from '../../bytes/media-name.js';
import { isS3Url } from '../../bytes/s3/location.js';
import { PrpackError } from '../../errors.js';
import { TITLE_FIELDS } from '../../settings/options.js';
import { absoluteName } from '../../settings/paths.js';
import { named } from '../../settings/spelling.js';
import { inPlaceOf } from '../package/title-fields.js';
import { findInputs, type Input } from './inputs.js';
import { DEFAULT_TEMPLATE, DEFAULT_TITLE_TEMPLATE, namedOutput, namePartsOf, outputNamer } from './naming.js';
import { jobsOfShard, parseShard, resultsNameOf } from './shard.js';
import type { BatchOptions, BatchSettings, Job } from './types.js';

/** What a batch is going to do. */
export interface BatchPlan {
  readonly jobs: readonly Job[];
  /** Absolute path of the results file. */
  readonly results: string;
}

/**
 * Every job, before any is begun; of a shard, those of its own, though all are checked.
 * @throws PrpackError INVALID_ARGUMENT when two jobs would make one file, or one would overwrite an input or make a manifest, and
 *   where there is no such shard
 */
export async function planBatch(options: BatchOptions): Promise<BatchPlan> {
  const { source, outDir, name, settings = {} } = options;
  const shard = options.shard === undefined ? undefined : parseShard(options.shard);
  const nameFile = outputNamer(name ?? DEFAULT_TEMPLATE, outDir);
  const nameTitle = outputNamer(name ?? DEFAULT_TITLE_TEMPLATE, outDir);
  const results = resolve(options.results ?? join(isS3Url(outDir) ? '' : outDir, resultsNameOf(shard)));
  const jobs = (await findInputs(source, outDir)).map((input) =>
    input.title
      ? toTitleJob(input, input.title, nameTitle, outDir, settings)
      : toJob(input, nameFile, outDir, settings),
  );
  for (const { output, title } of jobs) {
    if (!title) assertMediaName(output);
  }
  assertNoCollision(jobs, [
    [results, 'the results file'],
    [absoluteName('', source), 'the manifest'],
  ]);
  assertNothingInTitles(jobs, results);
  return { jobs: shard ? jobsOfShard(jobs, shard) : jobs, results };
}

function toJob(
  input: Input,
  nameOutput: ReturnType<typeof outputNamer>,
  outDir: string,
  common: BatchSettings,
): Job {
  const parts = namePartsOf(input.relativePath, input.contentId);
  const playready = { ...common.playready, ...input.settings.playready };
  return {
    input: input.path,
    output: input.output === undefined ? nameOutput(parts) : namedOutput(input.output, outDir),
    contentId: parts.contentId,
    settings: {
      ...common,
      ...input.settings,
      ...(Object.keys(playready).length > 0 && { playready }),
    },
  };
}

/** Settings of all jobs that titles have, too. */
const SETTINGS_OF_TITLES = new Set(
  TITLE_FIELDS.map(({ name, playready }) => (playready ? 'playready' : name)),
);

function toTitleJob(
  input: Input,
  title: NonNullable<Input['title']>,
  nameOutput: ReturnType<typeof outputNamer>,
  outDir: string,
  common: BatchSettings,
): Job {
  const parts = namePartsOf(input.relativePath, input.contentId);
  const shared = Object.fromEntries(Object.entries(common).filter(([name]) => SETTINGS_OF_TITLES.has(name)));
  return {
    input: input.path,
    output: input.output === undefined ? nameOutput(parts) : namedOutput(input.output, outDir),
    contentId: parts.contentId,
    settings: {},
    title: inPlaceOf(shared, title),
  };
}

/** Two outputs of one name, or an output in the place of something that is read. */
function assertNoCollision(
  jobs: readonly Job[],
  taken: readonly (readonly [path: string, what: string])[],
): void {
  const owners = new Map(taken.map(([path, what]) => [identityOf(path), what]));
  for (const { input, title } of jobs)
    for (const path of [input, ...(title?.inputs ?? [])]) owners.set(identityOf(path), `the input ${path}`);
  for (const { input, output } of jobs) {
    const identity = identityOf(output);
    const owner = owners.get(identity);
    if (owner !== undefined) throw collision(input, output, owner);
    owners.set(identity, `the output of ${input}`);
  }
}

/** The folder of a title appears as a whole: nothing else of the batch can be in it before. */
function assertNothingInTitles(jobs: readonly Job[], results: string): void {
  const titles = new Map(
    jobs.filter(({ title }) => title).map(({ input, output }) => [identityOf(output), input]),
  );
  const made = [
    ...jobs.map(({ input, output }): [string, string] => [output, `the output of ${input}`]),
    [results, 'the results file'] as const,
  ];
  for (const [path, what] of titles.size > 0 ? made : []) {
    const title = foldersAbove(path).find((folder) => titles.has(identityOf(folder)));
    if (title === undefined) continue;
    throw new PrpackError(
      'INVALID_ARGUMENT',
      `${what} would be in the folder of a title: ${path} is in ${title}`,
      {
        path,
        expected: `a path outside of ${title}, which is made of ${titles.get(identityOf(title))}`,
        remedy: 'Nothing was begun. Give each title a folder of its own.',
      },
    );
  }
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersAbove(folder)];
}

function collision(input: string, output: string, owner: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `the output of ${input} is also ${owner}: ${output}`, {
    path: output,
    remedy: `Nothing was begun. Choose another ${named('outDir')} or ${named('name')}, or name the outputs in a manifest.`,
  });
}

/** Different inputs of one content share its keys: right for renditions of a film, and a mistake for anything else. */
export function sharedContentWarnings(jobs: readonly Job[]): string[] {
  const inputs = new Map<string, Set<string>>();
  for (const { contentId, input } of jobs) {
    inputs.set(contentId, (inputs.get(contentId) ?? new Set()).add(input));
  }
  const shared = [...inputs].filter(([, paths]) => paths.size > 1);
  if (shared.length === 0) return [];
  const [[contentId, paths]] = shared as [[string, Set<string>]];
  const others = shared.length === 1 ? '' : `, and so it is with ${shared.length - 1} more`;
  return [`${paths.size} inputs have the content id "${contentId}" and share its keys${others}.`];
}

/** Names that are one file where the system takes no notice of case or of how letters are composed. */
function identityOf(path: string): string {
  const ignoresCase = process.platform === 'darwin' || process.platform === 'win32';
  return ignoresCase ? path.normalize('NFC').toLowerCase() : path;
}

/** SHA-256 over what a job was asked for besides its input: the same for the same wishes, however they are written. */
export function settingsFingerprint({ contentId, settings, title }: Job): string {
  return createHash('sha256')
    .update(JSON.stringify(ordered({ contentId, settings, title })))
    .digest('hex');
}

function ordered(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, ordered(inner)]),
  );
}

import { assertMediaName } from '../bytes/media-name.js';
import { assertTwoFiles } from '../bytes/sinks/file-sink.js';
import { openFileSink } from '../bytes/sinks/open-file-sink.js';
import type { ByteSource } from '../bytes/source.js';
import { PrpackError } from '../errors.js';
import { readMovie } from '../isobmff/movie.js';
import { decryptEdits } from '../layout/decrypt-edits.js';
import { assertDisjointSamples } from '../layout/disjoint.js';
import { KeepPlan } from '../layout/keep-plan.js';
import { movieDurationSeconds } from '../layout/timing.js';
import { isProtected } from '../protection/protection-reader.js';
import { describeTracks, typeNameOf } from '../protection/tracks.js';
import { checkOptions } from '../settings/check.js';
import { checkDecrypted } from './check.js';
import { prepareDecryption } from './decryption.js';
import type { WorkerPool } from './execute/worker-pool.js';
import { inputWarnings } from './input-warnings.js';
import { Clock, withInput, withWorkerPool } from './job.js';
import { publish } from './publication.js';
import type { DecryptOptions, DecryptResult } from './types.js';
import { checkStaged, writePlan } from './write-plan.js';

/**
 * Decrypts an MP4 file of any scheme of Common Encryption, or of PIFF, in its own layout: every byte that protection did not add or
 * change stays as it is. The output appears under its name whole and checked, or not at all.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT,
 *   NOT_ENCRYPTED, UNSUPPORTED_SCHEME, UNSUPPORTED_FEATURE, KEY_REQUIRED, KEY_INVALID, OUTPUT_EXISTS, OUTPUT_FAILED,
 *   OUTPUT_CHECK_FAILED, ABORTED
 */
export async function decrypt(options: DecryptOptions): Promise<DecryptResult> {
  checkOptions('decrypt', options);
  const clock = new Clock();
  assertMediaName(options.output);
  assertTwoFiles(options.input, options.output);
  const { input, signal, threads } = options;
  return withInput(input, signal, (source) =>
    withWorkerPool(source, threads, (pool) => decryptFrom(source, pool, options, clock)),
  );
}

async function decryptFrom(
  source: ByteSource,
  pool: WorkerPool | undefined,
  options: DecryptOptions,
  clock: Clock,
): Promise<DecryptResult> {
  const movie = readMovie(source);
  const described = await describeTracks(movie);
  const encrypted = new Set(movie.tracks.filter(isProtected));
  if (encrypted.size === 0) throw notEncrypted(source.path);
  assertDisjointSamples(movie, encrypted);
  const decryption = await prepareDecryption(movie, source, options.keys, 'keyFile');
  const warnings = [...inputWarnings(movie, 'keep'), ...decryption.warnings];
  const sink = await openFileSink(options.output, options);
  try {
    const plan = new KeepPlan(movie, source, decryptEdits(movie, source, encrypted));
    clock.planned();
    sink.assertRoom(plan.sizeBytes);
    const planned = { plan, source, steps: [decryption.step], pool };
    const check = (output: ByteSource) => checkDecrypted(output, movie, plan.sizeBytes);
    const publishing = {
      write: () => writePlan(planned, sink.staged, options),
      check: () => checkStaged(sink.staged, options, check),
    };
    await publish(sink, publishing, clock);
    return {
      input: source.path,
      output: options.output,
      bytes: plan.sizeBytes,
      durationSeconds: movieDurationSeconds(movie),
      layout: 'keep',
      tracks: described.map(({ track, codecs }) => ({
        id: track.id,
        type: typeNameOf(track),
        codec: codecs[0].codec,
        encrypted: false,
        samples: track.samples.count,
      })),
      timings: clock.timings(),
      warnings,
    };
  } finally {
    await sink.abort();
  }
}

function notEncrypted(path: string): PrpackError {
  return new PrpackError('NOT_ENCRYPTED', `${path} has no encrypted track`, {
    path,
    remedy: 'The file can be used as it is.',
  });
}

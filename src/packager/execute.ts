import type { OutputFile } from '../bytes/output-file.js';
import type { ByteSource } from '../bytes/source.js';
import { createIvSource, type IvSource } from '../cenc/iv.js';
import { createSampleCipher, type SampleCipher } from '../cenc/sample-cipher.js';
import { SCHEMES } from '../cenc/scheme.js';
import { PrpackError } from '../errors.js';
import { firstEndingAfter } from '../isobmff/sample-table.js';
import type { ContentKey } from '../keys/content-key.js';
import { type OutputPlan, piecesBetween } from './plan/output-plan.js';
import type { TrackProtection } from './plan/track-protection.js';

/** A track's protection, ready to turn samples from clear to protected or back: in CTR mode that is the same. */
interface TrackWork {
  readonly protection: TrackProtection;
  readonly ivs: IvSource;
  readonly iv: Uint8Array;
  /** One a KID, in the order of `protection.kids`; undefined where the track has no samples under it. */
  readonly ciphers: readonly (SampleCipher | undefined)[];
}

/** Output is produced and written in stretches of so many bytes. */
const STRETCH_BYTES = 4 * 2 ** 20;
/** While one buffer is written, the next ones are filled. */
const BUFFER_COUNT = 3;

/** Produces any stretch of the output that a plan describes. */
export class StretchRenderer {
  readonly #plan: OutputPlan;
  readonly #source: ByteSource;
  readonly #tracks: readonly TrackWork[];

  private constructor(plan: OutputPlan, source: ByteSource, tracks: readonly TrackWork[]) {
    this.#plan = plan;
    this.#source = source;
    this.#tracks = tracks;
  }

  /** @param keyOf the content key of a KID; undefined when samples under it are not to be touched */
  static async create(
    plan: OutputPlan,
    source: ByteSource,
    protections: readonly TrackProtection[],
    keyOf: (kid: string) => ContentKey | undefined,
  ): Promise<StretchRenderer> {
    const tracks = await Promise.all(protections.map((protection) => prepareTrack(protection, keyOf)));
    return new StretchRenderer(plan, source, tracks);
  }

  /** Fills `target` with the output's bytes from `startBytes` on. */
  render(target: Uint8Array, startBytes: number): void {
    const endBytes = startBytes + target.length;
    for (const { piece, outputBytes } of piecesBetween(this.#plan, this.#source, startBytes, endBytes)) {
      const at = outputBytes - startBytes;
      if (piece.kind === 'literal') {
        target.set(piece.bytes, at);
        continue;
      }
      const part = target.subarray(at, at + piece.lengthBytes);
      this.#source.readInto(part, piece.inputBytes);
      for (const track of this.#tracks) processOverlap(track, part, piece.inputBytes);
    }
    for (const { ciphers } of this.#tracks) for (const cipher of ciphers) cipher?.flush();
  }
}

async function prepareTrack(
  protection: TrackProtection,
  keyOf: (kid: string) => ContentKey | undefined,
): Promise<TrackWork> {
  const ivs = createIvSource(protection.ivPlan);
  const ciphers = protection.kids.map(async (kid) => {
    const key = keyOf(kid);
    return key && createSampleCipher(SCHEMES[protection.scheme], key.revealBytes());
  });
  return { protection, ivs, iv: new Uint8Array(ivs.ivSizeBytes), ciphers: await Promise.all(ciphers) };
}

/** Runs the track's samples that lie in `bytes`, wholly or in part, through its cipher. */
function processOverlap(
  { protection, ivs, iv, ciphers }: TrackWork,
  bytes: Uint8Array,
  inputBytes: number,
): void {
  const { track, subsamples, keyNumbers } = protection;
  const { offsets, sizes, byOffset, count } = track.samples;
  const endBytes = inputBytes + bytes.length;
  for (let position = firstEndingAfter(track.samples, inputBytes); position < count; position++) {
    const sample = byOffset ? byOffset[position] : position;
    const offset = offsets[sample];
    if (offset >= endBytes) return;
    const cipher = ciphers[(keyNumbers ? keyNumbers[sample] : 1) - 1];
    if (!cipher) continue;
    const fromByte = Math.max(0, inputBytes - offset);
    const toByte = Math.min(sizes[sample], endBytes - offset);
    ivs.ivAt(sample, iv);
    cipher.process({ bytes, at: offset + fromByte - inputBytes, fromByte, toByte }, iv, subsamples, sample);
  }
}

/**
 * Writes the whole output. Reading and ciphering of one stretch run beside the writing of others.
 * @throws PrpackError ABORTED, INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
 */
export async function writeOutput(
  plan: OutputPlan,
  renderer: StretchRenderer,
  output: OutputFile,
  signal: AbortSignal | undefined,
  onBytes: (bytesDone: number) => void,
): Promise<void> {
  const bufferBytes = Math.min(STRETCH_BYTES, plan.sizeBytes);
  const buffers = Array.from({ length: BUFFER_COUNT }, () => ({
    bytes: undefined as Uint8Array | undefined,
    written: Promise.resolve(),
  }));
  try {
    for (let start = 0, turn = 0; start < plan.sizeBytes; start += STRETCH_BYTES, turn++) {
      const buffer = buffers[turn % BUFFER_COUNT];
      await buffer.written;
      expectNotAborted(signal);
      buffer.bytes ??= new Uint8Array(bufferBytes);
      const target = buffer.bytes.subarray(0, Math.min(bufferBytes, plan.sizeBytes - start));
      renderer.render(target, start);
      buffer.written = output.writeAt(target, start);
      buffer.written.catch(() => {}); // met again where it is awaited
      onBytes(start + target.length);
    }
    for (const { written } of buffers) await written;
  } finally {
    await Promise.allSettled(buffers.map(({ written }) => written));
  }
}

/** @throws PrpackError ABORTED */
export function expectNotAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new PrpackError(
    'ABORTED',
    'the job was stopped',
    { remedy: 'Nothing was published; run it again.' },
    signal.reason,
  );
}

import type { ByteSource } from '../bytes/source.js';
import { PrpackError } from '../errors.js';
import type { Sinf } from '../isobmff/boxes/sinf.js';
import { moofAt } from '../isobmff/fragments.js';
import { type Movie, readMovie, type Track } from '../isobmff/movie.js';
import { isPsshBox } from '../isobmff/protection-boxes.js';
import { DecodeTimes } from '../isobmff/sample-table.js';
import type { BoxNode, FileSlice } from '../isobmff/walk.js';
import type { KeyLookup } from '../keys/key-source.js';
import { movieDurationSeconds, trackDurationSeconds } from '../layout/timing.js';
import type { KeyUse } from '../protection/key-tally.js';
import {
  attempt,
  findProtections,
  isProtected,
  type ProtectionFinding,
} from '../protection/protection-reader.js';
import { describePsshBox, readPsshBox } from '../protection/pssh.js';
import { totalProtectedBytes } from '../protection/track-protection.js';
import { type DescribedTrack, describeTracks, typeNameOf } from '../protection/tracks.js';
import { checkOptions } from '../settings/check.js';
import { reportBoxes } from './box-report.js';
import { yieldToEventLoop } from './event-loop.js';
import { inputWarnings } from './input-warnings.js';
import { withInput } from './job.js';
import type { InspectedKey, InspectedPssh, InspectedTrack, InspectOptions, InspectResult } from './types.js';

/** A file may repeat its headers in every fragment; so many different ones are shown. */
const MAX_PSSH_SHOWN = 64;

/**
 * Reads what a file says of its tracks and their protection; nothing is decrypted. Protection that is damaged or not
 * understood is a warning: all else of the file is shown.
 * @example
 * const { tracks } = await inspect({ input: 'film.enc.mp4' });
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT,
 *   UNSUPPORTED_FEATURE, ABORTED
 */
export async function inspect(options: InspectOptions): Promise<InspectResult>;
/** As `inspect({ input, ...options })`. */
export async function inspect(input: string, options?: Omit<InspectOptions, 'input'>): Promise<InspectResult>;
export async function inspect(
  given: string | InspectOptions,
  others: Omit<InspectOptions, 'input'> = {},
): Promise<InspectResult> {
  const options = typeof given === 'string' ? { ...others, input: given } : given;
  checkOptions('inspect', options);
  return withInput(options.input, options.signal, async (source) => {
    const movie = readMovie(source);
    const described = await describeTracks(movie);
    const findings = findProtections(movie, source);
    await yieldToEventLoop(options.signal);
    const { pssh, warnings } = await readAllPssh(movie, source, options.keys);
    return {
      path: source.path,
      bytes: source.sizeBytes,
      brands: movie.ftyp ? [...new Set([movie.ftyp.majorBrand, ...movie.ftyp.compatibleBrands])] : [],
      durationSeconds: movieDurationSeconds(movie),
      layout: movie.isFragmented ? 'fragmented' : 'progressive',
      fragments: movie.fragments.count,
      tracks: described.map((track) => inspectTrack(track, findings)),
      pssh,
      ...(options.boxes && { boxes: reportBoxes(movie, source) }),
      warnings: [...inputWarnings(movie), ...findings.flatMap(warningOf), ...warnings],
    };
  });
}

function warningOf({ track, problem }: ProtectionFinding): string[] {
  return problem ? [`Track ${track.id} cannot be decrypted as it is: ${problem.message}.`] : [];
}

function inspectTrack(
  { track, codecs }: DescribedTrack,
  findings: readonly ProtectionFinding[],
): InspectedTrack {
  const [codec] = codecs;
  const finding = findings.find((candidate) => candidate.track === track);
  return {
    id: track.id,
    type: typeNameOf(track),
    codec: codec.codec,
    encrypted: isProtected(track),
    ...(finding && inspectProtection(finding)),
    samples: track.samples.count,
    durationSeconds: trackDurationSeconds(track),
    language: track.mdhd.language,
    ...(codec.width !== undefined && { width: codec.width }),
    ...(codec.height !== undefined && { height: codec.height }),
    ...(codec.channels !== undefined && { channels: codec.channels }),
    ...(codec.sampleRateHz !== undefined && { sampleRateHz: codec.sampleRateHz }),
  };
}

function inspectProtection(finding: ProtectionFinding): Partial<InspectedTrack> {
  const { track, keys, clearSamples, protection } = finding;
  const sinf = track.entries.find((entry) => entry.protection)!.protection!;
  const scheme = schemeNameOf(sinf);
  return {
    ...(scheme !== undefined && { scheme }),
    ...defaultsOf(sinf, finding),
    keys: keysOf(track, keys),
    clearSamples,
    ...(protection && { protectedBytes: totalProtectedBytes(protection) }),
  };
}

/** PIFF says `piff` in `schm` whatever the cipher is; a number next to it says which. */
const PIFF_NAMES = ['PIFF', 'PIFF-CTR', 'PIFF-CBC'];

/** The scheme as the file names it, if it does. */
function schemeNameOf({ schemeType, piffAlgorithmId }: Sinf): string | undefined {
  return piffAlgorithmId === undefined ? schemeType : PIFF_NAMES[piffAlgorithmId];
}

/** What `tenc` says. */
function defaultsOf({ tenc }: Sinf, { ivSize }: ProtectionFinding): Partial<InspectedTrack> {
  if (!tenc) return {};
  const { defaultCryptByteBlock: cryptByteBlock, defaultSkipByteBlock: skipByteBlock } = tenc;
  const hasPattern = cryptByteBlock > 0 || skipByteBlock > 0;
  return {
    kid: tenc.defaultKid,
    ivSize: ivSize ?? tenc.defaultPerSampleIvSize,
    ...(tenc.defaultConstantIv && { constantIvSize: tenc.defaultConstantIv.length }),
    ...(hasPattern && { pattern: { cryptByteBlock, skipByteBlock } }),
  };
}

function keysOf(track: Track, uses: readonly KeyUse[]): InspectedKey[] {
  const times = new DecodeTimes(track.samples);
  let next = 0;
  let time = 0;
  return uses.map(({ kid, samples, firstSample }) => {
    for (; next <= firstSample; next++) time = times.next();
    return { kid, samples, firstSeconds: time / track.mdhd.timescaleHz };
  });
}

interface FoundPssh {
  readonly pssh: readonly InspectedPssh[];
  readonly warnings: readonly string[];
}

/** Every `pssh` of `moov`, and of fragments those that are not there already. */
async function readAllPssh(
  movie: Movie,
  source: ByteSource,
  keys: KeyLookup | undefined,
): Promise<FoundPssh> {
  const pssh: InspectedPssh[] = [];
  const warnings: string[] = [];
  const seen = new Set<string>();
  for (const { box, slice, location } of psshBoxesOf(movie, source)) {
    if (pssh.length === MAX_PSSH_SHOWN) {
      warnings.push(`There are more than ${MAX_PSSH_SHOWN} different pssh boxes; the rest is not shown.`);
      break;
    }
    const data = attempt(() => readPsshBox(box, slice));
    if (data instanceof PrpackError) {
      warnings.push(`A pssh box in ${location} cannot be read: ${data.message}.`);
      continue;
    }
    const identity = `${data.systemId} ${Buffer.from(data.data).toString('base64')}`;
    if (seen.has(identity) && location !== 'moov') continue;
    seen.add(identity);
    pssh.push({ ...(await describePsshBox(box, slice, keys)), location });
  }
  return { pssh, warnings };
}

function* psshBoxesOf(
  movie: Movie,
  source: ByteSource,
): Generator<{ box: BoxNode; slice: FileSlice; location: string }> {
  for (const box of movie.moovNode.children.filter(isPsshBox)) {
    yield { box, slice: movie.moov, location: 'moov' };
  }
  for (let index = 0; index < movie.fragments.count; index++) {
    const { node, slice } = moofAt(movie, source, index);
    for (const box of node.children.filter(isPsshBox)) yield { box, slice, location: `moof[${index}]` };
  }
}

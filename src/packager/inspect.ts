import type { ByteSource } from '../bytes/source.js';
import { moofAt } from '../isobmff/fragments.js';
import { type Movie, readMovie } from '../isobmff/movie.js';
import type { KeyLookup } from '../keys/key-source.js';
import { checkOptions } from '../settings/check.js';
import { reportBoxes } from './box-report.js';
import { breathe, withInput } from './job.js';
import { movieDurationSeconds, trackDurationSeconds } from './plan/timing.js';
import { totalProtectedBytes } from './plan/track-protection.js';
import { isProtected, type ReadProtection, readProtections, schemeOf } from './protection-reader.js';
import { describePsshBox, isPsshBox } from './pssh.js';
import { type DescribedTrack, describeTracks, typeNameOf } from './tracks.js';
import type { InspectedPssh, InspectedTrack, InspectOptions, InspectResult } from './types.js';

/** A file may repeat its headers in every fragment; so many different ones are shown. */
const MAX_PSSH_SHOWN = 64;

/**
 * Reads what a file says of its tracks and their protection; nothing is decrypted.
 * @example
 * const { tracks } = await inspect({ input: 'film.enc.mp4' });
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT,
 *   UNSUPPORTED_FEATURE, UNSUPPORTED_SCHEME, ABORTED
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
    const protections = readProtections(movie, source);
    await breathe(options.signal);
    const { pssh, isCut } = await readAllPssh(movie, source, options.keys);
    return {
      path: source.path,
      bytes: source.sizeBytes,
      brands: movie.ftyp ? [...new Set([movie.ftyp.majorBrand, ...movie.ftyp.compatibleBrands])] : [],
      durationSeconds: movieDurationSeconds(movie),
      layout: movie.isFragmented ? 'fragmented' : 'progressive',
      fragments: movie.fragments.count,
      tracks: described.map((track) => inspectTrack(track, protections)),
      pssh,
      ...(options.boxes && { boxes: reportBoxes(movie, source) }),
      warnings: isCut
        ? [`There are more than ${MAX_PSSH_SHOWN} different pssh boxes; the rest is not shown.`]
        : [],
    };
  });
}

function inspectTrack(
  { track, codecs }: DescribedTrack,
  protections: readonly ReadProtection[],
): InspectedTrack {
  const [codec] = codecs;
  const protection = protections.find((candidate) => candidate.track === track);
  return {
    id: track.id,
    type: typeNameOf(track),
    codec: codec.codec,
    encrypted: isProtected(track),
    ...(protection && inspectProtection(protection)),
    samples: track.samples.count,
    durationSeconds: trackDurationSeconds(track),
    language: track.mdhd.language,
    ...(codec.width !== undefined && { width: codec.width }),
    ...(codec.height !== undefined && { height: codec.height }),
    ...(codec.channels !== undefined && { channels: codec.channels }),
    ...(codec.sampleRateHz !== undefined && { sampleRateHz: codec.sampleRateHz }),
  };
}

function inspectProtection(
  protection: ReadProtection,
): Pick<InspectedTrack, 'scheme' | 'kid' | 'ivSize' | 'protectedBytes'> {
  const { scheme, tenc } = schemeOf(protection.track);
  return {
    scheme,
    kid: tenc.defaultKid,
    ivSize: tenc.defaultPerSampleIvSize,
    protectedBytes: totalProtectedBytes({ ...protection, scheme: 'cenc' }),
  };
}

/** Every `pssh` of `moov`, and of fragments those that are not there already. */
async function readAllPssh(
  movie: Movie,
  source: ByteSource,
  keys: KeyLookup | undefined,
): Promise<{ pssh: InspectedPssh[]; isCut: boolean }> {
  const pssh: InspectedPssh[] = [];
  const seen = new Set<string>();
  for (const box of movie.moovNode.children.filter(isPsshBox)) {
    if (pssh.length === MAX_PSSH_SHOWN) return { pssh, isCut: true };
    const described = await describePsshBox(box, movie.moov, keys);
    seen.add(described.systemId + described.data);
    pssh.push({ ...described, location: 'moov' });
  }
  for (let index = 0; index < movie.fragments.count; index++) {
    const { node, slice } = moofAt(movie, source, index);
    for (const box of node.children.filter(isPsshBox)) {
      if (pssh.length === MAX_PSSH_SHOWN) return { pssh, isCut: true };
      const described = await describePsshBox(box, slice, keys);
      if (seen.has(described.systemId + described.data)) continue;
      seen.add(described.systemId + described.data);
      pssh.push({ ...described, location: `moof[${index}]` });
    }
  }
  return { pssh, isCut: false };
}

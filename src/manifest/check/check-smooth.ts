import { toBase64, toHex } from '../../bytes/hex.js';
import type { SmoothPresentation } from '../smooth/presentation.js';
import { fault } from './fault.js';
import { type ReadSmoothStream, readSmoothManifest } from './read-smooth.js';

/** What a client manifest is compared with. */
export interface SmoothCheck {
  /** Name of the client manifest in errors. */
  readonly path: string;
  readonly presentation: SmoothPresentation;
  /** The files of fragments, from the folder of the manifest on; absent where an origin makes them. */
  readonly fragmentUris?: ReadonlySet<string>;
}

/**
 * Asserts that a client manifest says what is so: the key, the fragments that clients will ask for, and how they are coded.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 * @example
 * checkSmooth(writeClientManifest(presentation), { path: 'manifest.ismc', presentation });
 */
export function checkSmooth(text: string, { path, presentation, fragmentUris }: SmoothCheck): void {
  const read = readSmoothManifest(path, text);
  const differs = (what: string, expected: string | number, received: string | number) => {
    if (expected !== received) throw fault(path, `has another ${what} than given`, { expected, received });
  };
  differs('duration', presentation.durationTicks, read.durationTicks);
  differs('number of ticks a second', 10_000_000, read.timescaleHz);
  differs('key', toBase64(presentation.playreadyObject), read.protectionHeaders.join());
  differs('number of streams', presentation.streams.length, read.streams.length);
  for (const [i, given] of presentation.streams.entries()) {
    differs(`content of stream ${given.name}`, outline(given), outline(read.streams[i]));
    assertFits(path, read.streams[i], read.durationTicks);
  }
  assertOnce(path, read.streams);
  if (fragmentUris) for (const stream of read.streams) assertFragments(path, stream, fragmentUris);
}

/** Every URL that a client makes is that of a file (MS-SSTR 2.2.3). */
function assertFragments(
  path: string,
  { url, levels, chunks }: ReadSmoothStream,
  fragmentUris: ReadonlySet<string>,
): void {
  for (const { bitsPerSecond } of levels) {
    for (const { startTicks } of chunks) {
      const uri = url.replace('{bitrate}', `${bitsPerSecond}`).replace('{start time}', `${startTicks}`);
      if (!fragmentUris.has(uri))
        throw fault(path, `refers to ${uri}, which does not exist`, { received: uri });
    }
  }
}

/** What a client asks for, and how it decodes it, as one text. */
function outline({ type, levels, chunks }: Pick<ReadSmoothStream, 'type' | 'levels' | 'chunks'>): string {
  const coded = levels.map(({ bitsPerSecond, fourCC, codecPrivateData }) => [
    bitsPerSecond,
    fourCC,
    toHex(codecPrivateData),
  ]);
  const times = chunks.map(({ startTicks, durationTicks }) => [startTicks, durationTicks]);
  return JSON.stringify([type, coded, times]);
}

/** Fragments follow each other within the presentation. */
function assertFits(path: string, { name, chunks, url }: ReadSmoothStream, durationTicks: number): void {
  const wrong = chunks.findIndex(
    ({ startTicks, durationTicks: length }, i) =>
      length === 0 ||
      startTicks + length > durationTicks ||
      (i > 0 && startTicks < chunks[i - 1].startTicks + chunks[i - 1].durationTicks),
  );
  if (wrong >= 0) throw fault(path, `fragment ${wrong + 1} of stream ${name} has no place of its own`);
  if (!url.includes('{bitrate}') || !url.includes('{start time}') || !url.includes(`(${name}=`)) {
    throw fault(path, `the URL of stream ${name} does not name its fragments`, {
      received: url,
      clause: 'MS-SSTR 2.2.2.3',
    });
  }
}

/** A fragment is asked for by the bit rate of its level and the name of its stream. */
function assertOnce(path: string, streams: readonly ReadSmoothStream[]): void {
  const rates = streams.flatMap(({ levels }) => levels.map(({ bitsPerSecond }) => bitsPerSecond));
  for (const [what, all] of [
    ['bit rate', rates],
    ['name', streams.map(({ name }) => name)],
  ] as const) {
    if (new Set<string | number>(all).size === all.length) continue;
    throw fault(path, `has one ${what} twice`, { received: all.join() });
  }
}

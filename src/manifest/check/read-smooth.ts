import { fromHex } from '../../bytes/hex.js';
import { attributeOf, childElements, parseXml, textOf, type XmlElement } from '../../bytes/xml.js';
import { fault } from './fault.js';

/** What a client of Smooth Streaming needs of a client manifest. */
export interface ReadSmoothManifest {
  readonly timescaleHz: number;
  readonly durationTicks: number;
  /** PlayReady Object, base64. */
  readonly protectionHeaders: readonly string[];
  readonly streams: readonly ReadSmoothStream[];
}

export interface ReadSmoothStream {
  readonly type: string;
  readonly name: string;
  readonly url: string;
  readonly levels: readonly ReadSmoothLevel[];
  readonly chunks: readonly { readonly startTicks: number; readonly durationTicks: number }[];
}

export interface ReadSmoothLevel {
  readonly bitsPerSecond: number;
  readonly fourCC: string;
  readonly codecPrivateData: Uint8Array;
}

/**
 * Reads a client manifest back, by the words of MS-SSTR 2.2.2 and not by those of the writer.
 * @param path name of the manifest in errors
 * @throws PrpackError OUTPUT_CHECK_FAILED for what is not well-formed, or lacks what a client needs
 */
export function readSmoothManifest(path: string, text: string): ReadSmoothManifest {
  const media = parseXml(text, (reason) => fault(path, `is not well-formed: ${reason}`));
  if (media.localName !== 'SmoothStreamingMedia' || attributeOf(media, 'MajorVersion') !== '2') {
    throw fault(path, 'is no client manifest of version 2', { clause: 'MS-SSTR 2.2.2.1' });
  }
  const protections = childElements(media, 'Protection');
  return {
    timescaleHz: Number(attributeOf(media, 'TimeScale') ?? 10_000_000),
    durationTicks: countOf(path, media, 'Duration'),
    protectionHeaders: protections.flatMap((one) => childElements(one, 'ProtectionHeader')).map(textOf),
    streams: childElements(media, 'StreamIndex').map((stream) => readStream(path, stream)),
  };
}

function readStream(path: string, stream: XmlElement): ReadSmoothStream {
  const name = required(path, stream, 'Name');
  const levels = childElements(stream, 'QualityLevel').map((level) => readLevel(path, level));
  const chunks = readChunks(path, stream);
  for (const [attribute, found] of [
    ['QualityLevels', levels.length],
    ['Chunks', chunks.length],
  ] as const) {
    const told = countOf(path, stream, attribute);
    if (told === found) continue;
    throw fault(path, `stream ${name} has another number of ${attribute} than it says`, {
      expected: told,
      received: found,
      clause: 'MS-SSTR 2.2.2.3',
    });
  }
  return {
    type: required(path, stream, 'Type'),
    name,
    url: required(path, stream, 'Url'),
    levels,
    chunks,
  };
}

function readLevel(path: string, level: XmlElement): ReadSmoothLevel {
  const codecPrivateData = fromHex(required(path, level, 'CodecPrivateData'));
  if (!codecPrivateData) throw fault(path, 'has CodecPrivateData that is not hexadecimal');
  return {
    bitsPerSecond: countOf(path, level, 'Bitrate'),
    fourCC: required(path, level, 'FourCC'),
    codecPrivateData,
  };
}

/** A fragment begins where the one before ends, unless it says when (MS-SSTR 2.2.2.6). */
function readChunks(path: string, stream: XmlElement): ReadSmoothStream['chunks'] {
  let endTicks = 0;
  return childElements(stream, 'c').map((chunk) => {
    const startTicks = Number(attributeOf(chunk, 't') ?? endTicks);
    const durationTicks = countOf(path, chunk, 'd');
    endTicks = startTicks + durationTicks;
    return { startTicks, durationTicks };
  });
}

function required(path: string, one: XmlElement, name: string): string {
  const value = attributeOf(one, name);
  if (value === undefined || value === '') throw fault(path, `${one.localName} has no ${name}`);
  return value;
}

function countOf(path: string, one: XmlElement, name: string): number {
  const value = Number(required(path, one, name));
  if (!Number.isSafeInteger(value) || value < 0)
    throw fault(path, `${name} is no number`, { received: value });
  return value;
}

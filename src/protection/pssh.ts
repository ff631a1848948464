import { toBase64 } from '../bytes/hex.js';
import { buildProtectionData, wrapPlayReadyObject } from '../drm/build.js';
import { describeProtectionData } from '../drm/describe.js';
import { isPlayReadyObject } from '../drm/playready/object.js';
import type { ProtectionData } from '../drm/protection-data.js';
import { PrpackError } from '../errors.js';
import { readPssh, writePssh } from '../isobmff/boxes/pssh.js';
import type { Movie } from '../isobmff/movie.js';
import { isPsshBox } from '../isobmff/protection-boxes.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { type BoxNode, type FileSlice, walkChildren } from '../isobmff/walk.js';
import { keyChecksum } from '../keys/checksum.js';
import { parseKeyId } from '../keys/key-id.js';
import type { KeyLookup, KeyScheme } from '../keys/key-source.js';
import { checkOptions } from '../settings/check.js';
import type {
  ParsedPssh,
  PlayReadyKeyReport,
  PlayReadyOptions,
  ProtectionSystem,
  PsshReport,
} from './types.js';

/** What a `pssh` box is built from. */
export interface BuildPsshOptions {
  readonly system: ProtectionSystem;
  /** KIDs, UUID text. None for a PlayReady header whose decryptor setup is on-demand, or a Widevine box with a content id. */
  readonly keyIds: readonly string[];
  /** Keys for the CHECKSUM of a PlayReady header; KIDs without one get none. */
  readonly keys?: KeyLookup;
  /** Scheme that the content is encrypted with. Default `cenc`. */
  readonly scheme?: KeyScheme;
  readonly playready?: PlayReadyOptions;
  /** For Widevine. */
  readonly contentId?: string;
  /** Name of the content provider, for Widevine. */
  readonly widevineProvider?: string;
  /** Name of a registered policy, for Widevine. */
  readonly widevinePolicy?: string;
}

export interface BuiltPssh {
  /** The whole box. */
  readonly pssh: Uint8Array;
  /** PlayReady only: the PlayReady Object inside it. */
  readonly pro?: Uint8Array;
  readonly warnings: readonly string[];
}

/**
 * Builds a `pssh` box (ISO/IEC 23001-7 8.1) for a protection system.
 * @throws PrpackError INVALID_ARGUMENT, KEY_INVALID
 */
export async function buildPssh(options: BuildPsshOptions): Promise<BuiltPssh> {
  checkOptions('buildPssh', options);
  const { system, keyIds, keys, playready, contentId, widevineProvider, widevinePolicy } = options;
  const { scheme = 'cenc' } = options;
  const withKeys = await Promise.all(
    keyIds.map(async (text) => {
      const kid = parseKeyId(text);
      const key = await keys?.find(kid);
      return { kid, ...(key && { key: key.revealBytes() }) };
    }),
  );
  const { protection, warnings } = buildProtectionData(system, {
    keys: withKeys,
    scheme,
    ...(playready && { playready }),
    ...(contentId !== undefined && { contentId: Buffer.from(contentId, 'utf8') }),
    ...(widevineProvider !== undefined && { widevineProvider }),
    ...(widevinePolicy !== undefined && { widevinePolicy }),
  });
  const pro = system === 'playready' ? { pro: protection.data } : {};
  return { pssh: writePssh(protection), ...pro, warnings };
}

/** What `parsePssh` reads. */
export interface ParsePsshOptions {
  /** One or several whole `pssh` boxes, or a bare PlayReady Object. */
  readonly input: Uint8Array;
  /** Keys to verify PlayReady checksums with. */
  readonly keys?: KeyLookup;
}

/**
 * Reads one or several `pssh` boxes, or a bare PlayReady Object.
 * @example
 * const [{ name, keyIds }] = await parsePssh({ input: boxBytes });
 * @throws PrpackError INVALID_ARGUMENT; MALFORMED_INPUT when the bytes are neither
 */
export async function parsePssh(options: ParsePsshOptions): Promise<ParsedPssh[]>;
/** As `parsePssh({ input, keys })`. */
export async function parsePssh(input: Uint8Array, keys?: KeyLookup): Promise<ParsedPssh[]>;
export async function parsePssh(
  given: Uint8Array | ParsePsshOptions,
  others?: KeyLookup,
): Promise<ParsedPssh[]> {
  const options = given instanceof Uint8Array ? { input: given, ...(others && { keys: others }) } : given;
  checkOptions('parsePssh', options);
  const { input: bytes, keys } = options;
  return Promise.all(protectionDataOf(bytes).map(([data, version]) => describePssh(data, version, keys)));
}

/** @throws PrpackError MALFORMED_INPUT */
function protectionDataOf(bytes: Uint8Array): [ProtectionData, version: number][] {
  if (isPlayReadyObject(bytes)) return [[wrapPlayReadyObject(bytes), 0]];
  const slice = { bytes, startBytes: 0 };
  const boxes = walkChildren(slice, 0, bytes.length, '');
  const isPsshOnly = boxes.length > 0 && boxes.every((box) => isPsshBox(box));
  const end = (boxes.at(-1)?.startBytes ?? 0) + (boxes.at(-1)?.sizeBytes ?? 0);
  if (!isPsshOnly || end !== bytes.length) throw notPssh();
  return boxes.map((box) => [readPsshBox(box, slice), versionOf(box, slice)]);
}

/**
 * What the bytes say that are one whole `pssh` box and nothing else.
 * @throws PrpackError MALFORMED_INPUT
 */
export function onePsshOf(bytes: Uint8Array): ProtectionData {
  const slice = { bytes, startBytes: 0 };
  const [box, second] = walkChildren(slice, 0, bytes.length, '');
  if (box?.type !== 'pssh' || second || box.sizeBytes !== bytes.length) throw notPssh();
  const reader = readerOf(box, slice);
  const data = readPssh(reader);
  if (reader.remaining > 0) throw notPssh();
  return data;
}

/** The `pssh` boxes in `moov`, each whole. */
export function psshBoxesOfMovie({ moov, moovNode }: Pick<Movie, 'moov' | 'moovNode'>): Uint8Array[] {
  const boxes = moovNode.children.filter(({ type }) => type === 'pssh');
  return boxes.map(({ startBytes, sizeBytes }) => {
    const from = startBytes - moov.startBytes;
    return moov.bytes.slice(from, from + sizeBytes);
  });
}

function notPssh(): PrpackError {
  return new PrpackError('MALFORMED_INPUT', 'the bytes are neither pssh boxes nor a PlayReady Object', {
    boxPath: 'pssh',
    offsetBytes: 0,
    remedy: 'Give one or more whole pssh boxes, or a PlayReady Object, as base64 or as a file.',
  });
}

/** Whether a box is a `pssh`, or the `uuid` box that PIFF has for it. */
export function readPsshBox(box: BoxNode, slice: FileSlice): ProtectionData {
  return readPssh(readerOf(box, slice));
}

function versionOf(box: BoxNode, slice: FileSlice): number {
  return slice.bytes[box.startBytes + box.headerBytes - slice.startBytes];
}

/** Everything that a `pssh` box says, for reports. */
export async function describePsshBox(box: BoxNode, slice: FileSlice, keys?: KeyLookup): Promise<ParsedPssh> {
  return describePssh(readPsshBox(box, slice), versionOf(box, slice), keys);
}

async function describePssh(data: ProtectionData, version: number, keys?: KeyLookup): Promise<ParsedPssh> {
  const { playready, widevine, ...described } = describeProtectionData(data);
  return {
    ...described,
    version,
    data: toBase64(data.data),
    ...(playready && { playready: { ...playready, keys: await verifyChecksums(playready.keys, keys) } }),
    ...(widevine && { widevine }),
  };
}

async function verifyChecksums(
  reported: readonly PlayReadyKeyReport[],
  keys: KeyLookup | undefined,
): Promise<PlayReadyKeyReport[]> {
  return Promise.all(
    reported.map(async (report) => {
      const key = report.checksum === undefined ? undefined : await keys?.find(parseKeyId(report.kid));
      if (!key) return report;
      return { ...report, checksumMatches: keyChecksum(parseKeyId(report.kid), key) === report.checksum };
    }),
  );
}

/** What encryption reports of the boxes that it added. */
export async function reportPssh(boxes: readonly Uint8Array[]): Promise<PsshReport[]> {
  const parsed = await Promise.all(boxes.map((bytes) => parsePssh(bytes)));
  return parsed.flat().map(({ systemId, name, keyIds }) => ({ systemId, name, keyIds }));
}

/**
 * Whole `pssh` boxes for what the user gave: whole boxes as they are, bare PlayReady Objects wrapped.
 * @throws PrpackError MALFORMED_INPUT
 */
export function wrapPssh(given: Uint8Array): Uint8Array {
  if (isPlayReadyObject(given)) return writePssh(wrapPlayReadyObject(given));
  protectionDataOf(given);
  return given;
}

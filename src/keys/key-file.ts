import { PrpackError } from '../errors.js';
import { algorithmOf, type KeyAlgorithm } from './algorithm.js';
import { keyChecksum } from './checksum.js';
import { ContentKey } from './content-key.js';
import { readSecretText } from './file.js';
import { type KeyId, parseKeyId } from './key-id.js';
import {
  type AssignedKey,
  assignTo,
  type KeyLookup,
  type KeySource,
  type TrackKeyRequest,
} from './key-source.js';
import { pickForTrack } from './pick.js';

/** A file that was published with a key. */
interface PublishedFile {
  /** 64 hexadecimal digits. */
  readonly fingerprint: string;
  readonly madeFrom?: string;
}

/** One entry of a key file. */
export interface KeyFileEntry {
  readonly kid: KeyId;
  readonly key: ContentKey;
  /** The key is for the track with this track_ID. */
  readonly trackId?: number;
  /** The key is for tracks with this label: `audio`, `video` or a label of the request. With `trackId` it is a remark only. */
  readonly label?: string;
  /** What the key is for, by default AESCTR: a KID serves one algorithm only. */
  readonly algorithm?: KeyAlgorithm;
  /** Index of the crypto period that the key is for. */
  readonly period?: number;
  /** What a key store is to know of the key besides; no matter for the choice of keys. */
  readonly contentId?: string;
  /** Where the key came from at first. */
  readonly source?: string;
  readonly seedId?: string;
  readonly laUrl?: string;
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Nothing is encrypted with a revoked key. */
  readonly state?: 'pending' | 'active' | 'revoked';
  /** Files that were published with the key. */
  readonly outputs?: readonly PublishedFile[];
  /** PlayReady checksum: base64 of 8 bytes. */
  readonly checksum?: string;
  /** Of the record in the key store that the file was exported from. */
  readonly kekId?: string;
  /** The policy that is imported begins again with version 1. */
  readonly policyVersion?: number;
  readonly createdAt?: string;
  readonly updatedAt?: string;
}

/**
 * Keys from a `keys.json`: `{"keys": [{"kid": UUID, "key": 32 hex digits, "trackId": 1 | "label": "video"}, …]}`, or the array alone.
 * An entry without track id and label is for every track that has no entry of its own, an entry with `"period": 3` for the crypto period of
 * that index. Where a KID of each algorithm is there for a track, the one for its scheme is taken. The other fields are the record of a
 * key in a key store.
 */
export class KeyFile implements KeySource, KeyLookup {
  readonly entries: readonly KeyFileEntry[];
  readonly #path: string;

  /** Use `readKeyFile` or `parseKeyFile`, which check the entries. `path` is for messages only. */
  constructor(entries: readonly KeyFileEntry[], path: string) {
    this.entries = entries;
    this.#path = path;
  }

  get canRotate(): boolean {
    return this.entries.some(({ period }) => period !== undefined);
  }

  async assign(requests: readonly TrackKeyRequest[]): Promise<AssignedKey[]> {
    return requests.map((request) => {
      const { kid, key, label } = this.#entryFor(request);
      return assignTo(label === undefined ? request : { ...request, label }, { kid, key, source: 'file' });
    });
  }

  async find(kid: KeyId): Promise<ContentKey | undefined> {
    return this.entries.find((entry) => entry.kid === kid)?.key;
  }

  #entryFor(request: TrackKeyRequest): KeyFileEntry {
    const usable = this.entries.filter(({ state }) => state !== 'revoked');
    const meant = pickForTrack(usable, request);
    if (!meant[0]) throw this.#missing(request);
    const algorithm = algorithmOf(request);
    const found = meant.filter((entry) => algorithmOfEntry(entry) === algorithm);
    if (!found[0]) throw this.#otherAlgorithm(request, meant[0]);
    if (new Set(found.map((entry) => entry.kid)).size > 1) throw this.#ambiguous(request, found);
    return found[0];
  }

  #otherAlgorithm(request: TrackKeyRequest, entry: KeyFileEntry): PrpackError {
    const { trackId, type } = request;
    const expected = algorithmOf(request);
    const received = algorithmOfEntry(entry);
    return new PrpackError(
      'KEY_CONFLICT',
      `${this.#path}: KID ${entry.kid} is for ${received}, and ${type} track ${trackId} is encrypted with ${expected}`,
      {
        path: this.#path,
        expected,
        received,
        remedy: `Give the track a KID and key of its own with "algorithm": "${expected}": one KID never serves both algorithms.`,
      },
    );
  }

  #ambiguous({ trackId, type }: TrackKeyRequest, found: readonly KeyFileEntry[]): PrpackError {
    const indices = found.map((entry) => this.entries.indexOf(entry)).join(', ');
    return new PrpackError(
      'KEY_INVALID',
      `${this.#path}: more than one key for ${type} track ${trackId}: entries ${indices}`,
      {
        path: this.#path,
        remedy: 'Tell the entries apart with "trackId" or "label", or remove all but one.',
      },
    );
  }

  #missing({ trackId, type, label, period }: TrackKeyRequest): PrpackError {
    const labels = label === undefined || label === type ? `"${type}"` : `"${label}" or "${type}"`;
    const inPeriod = period ? ` in crypto period ${period.index}` : '';
    const also = period ? `"period": ${period.index}, and ` : '';
    return new PrpackError('KEY_REQUIRED', `${this.#path}: no key for ${type} track ${trackId}${inPeriod}`, {
      path: this.#path,
      remedy: `Add an entry with ${also}"trackId": ${trackId}, with "label": ${labels}, or with neither for all tracks.`,
    });
  }
}

/**
 * Reads and checks a key file.
 * @throws PrpackError KEY_SOURCE_FAILED when it cannot be read, else as `parseKeyFile`
 */
export async function readKeyFile(path: string): Promise<KeyFile> {
  return parseKeyFile(await readSecretText(path, 'key file'), path);
}

/**
 * Checks the text of a key file. Errors name the entry and the field, and never repeat a value.
 * @throws PrpackError KEY_INVALID, or KEY_CONFLICT when one KID has two keys or algorithms
 */
export function parseKeyFile(text: string, path: string): KeyFile {
  const entries = entryList(text, path).map((value, index) => parseEntry(value, index, path));
  const firstOfKid = new Map<KeyId, number>();
  entries.forEach((entry, index) => {
    const first = firstOfKid.get(entry.kid);
    if (first === undefined) firstOfKid.set(entry.kid, index);
    else assertSameKey(path, entries, first, index);
  });
  return new KeyFile(entries, path);
}

/** Two entries of one KID. */
function assertSameKey(path: string, entries: readonly KeyFileEntry[], one: number, other: number): void {
  const [first, second] = [entries[one]!, entries[other]!];
  const at = `${path}: entries ${one} and ${other} give KID ${first.kid}`;
  if (!first.key.equals(second.key)) throw conflict(path, `${at} two different keys`);
  const algorithms = [algorithmOfEntry(first), algorithmOfEntry(second)];
  if (algorithms[0] !== algorithms[1])
    throw conflict(path, `${at} two algorithms, ${algorithms.join(' and ')}`);
}

function algorithmOfEntry({ algorithm = 'AESCTR' }: KeyFileEntry): KeyAlgorithm {
  return algorithm;
}

function conflict(path: string, message: string): PrpackError {
  return new PrpackError('KEY_CONFLICT', message, {
    path,
    remedy:
      'Keep the entry that the content was or will be encrypted with, and give the other a KID of its own.',
  });
}

function entryList(text: string, path: string): unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The cause is left out: JSON.parse quotes the text around the mistake, which may be a key.
    throw invalid(path, 'the key file is not JSON');
  }
  const list = isObject(parsed) ? onlyKeysOf(parsed, path) : parsed;
  if (!Array.isArray(list)) throw invalid(path, 'the key file holds no list of keys');
  if (list.length === 0) throw invalid(path, 'the list of keys is empty');
  return list;
}

function onlyKeysOf(parsed: Record<string, unknown>, path: string): unknown {
  if (Object.keys(parsed).some((name) => name !== 'keys')) {
    throw invalid(path, 'the key file has other fields than "keys" at the top');
  }
  return parsed.keys;
}

/** Fields besides `kid` and `key`: what each may be, and how that is said. */
const OPTIONAL_FIELDS: Readonly<
  Record<string, readonly [isValid: (value: unknown) => boolean, isNot: string]>
> = {
  trackId: [isTrackId, 'an integer from 1 to 4294967295'],
  label: [isText, 'a text with at least one character'],
  contentId: [isText, 'a text with at least one character'],
  algorithm: [(value) => value === 'AESCTR' || value === 'AESCBC', 'AESCTR or AESCBC'],
  period: [isPeriod, 'the index of a crypto period: 0, 1, …'],
  source: [isText, 'a text with at least one character'],
  seedId: [isText, 'a text with at least one character'],
  laUrl: [isText, 'a text with at least one character'],
  policy: [isObject, 'an object'],
  state: [(value) => STATES.includes(value), 'pending, active or revoked'],
  outputs: [
    (value) => Array.isArray(value) && value.every(isOutput),
    'a list of objects with a "fingerprint"',
  ],
  checksum: [isText, 'a text with at least one character'],
  kekId: [isText, 'a text with at least one character'],
  policyVersion: [(value) => Number.isSafeInteger(value) && (value as number) > 0, 'a version: 1, 2, …'],
  createdAt: [isText, 'a text with at least one character'],
  updatedAt: [isText, 'a text with at least one character'],
};
const STATES: readonly unknown[] = ['pending', 'active', 'revoked'];
const FIELDS = ['kid', 'key', ...Object.keys(OPTIONAL_FIELDS)];

function parseEntry(value: unknown, index: number, path: string): KeyFileEntry {
  const at = `entry ${index}`;
  if (!isObject(value)) throw invalid(path, `${at} is not an object`);
  // An unknown field is not named: a key may have been put where its name belongs.
  if (Object.keys(value).some((name) => !FIELDS.includes(name))) {
    throw invalid(path, `${at} has a field other than ${FIELDS.join(', ')}`);
  }
  const { kid: _kid, key: _key, ...rest } = value;
  for (const [name, given] of Object.entries(rest)) {
    const [isValid, isNot] = OPTIONAL_FIELDS[name]!;
    if (!isValid(given)) throw invalid(path, `${at}: "${name}" is not ${isNot}`);
  }
  const kid = field(value, 'kid', parseKeyId, at, path);
  const key = field(value, 'key', ContentKey.fromHex, at, path);
  if (value.checksum !== undefined && value.checksum !== keyChecksum(kid, key)) {
    throw invalid(path, `${at}: "checksum" is not that of its key and KID`);
  }
  const { outputs, ...others } = rest as ReadFields;
  return { kid, key, ...others, ...(outputs && { outputs: outputs.map(publishedFileOf) }) };
}

/** Fields of an entry, checked. */
type ReadFields = Omit<KeyFileEntry, 'kid' | 'key' | 'outputs'> & {
  readonly outputs?: readonly ReadOutput[];
};

/** Files of before had the SHA-256 in the place of the fingerprint. */
type ReadOutput = Partial<PublishedFile> & { readonly sha256?: string };

function publishedFileOf({ sha256, fingerprint = sha256, madeFrom }: ReadOutput): PublishedFile {
  return { fingerprint: fingerprint!, ...(madeFrom !== undefined && { madeFrom }) };
}

function field<T>(
  entry: Record<string, unknown>,
  name: 'kid' | 'key',
  parse: (text: string) => T,
  at: string,
  path: string,
): T {
  const text = entry[name];
  if (typeof text !== 'string') throw invalid(path, `${at}: "${name}" is missing or not a text`);
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof PrpackError)) throw error;
    throw new PrpackError(error.code, `${path}: ${at}: "${name}": ${error.message}`, {
      ...error.details,
      path,
    });
  }
}

/** track_ID: never zero (ISO/IEC 14496-12 8.3.2.3). */
function isTrackId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 0xffffffff;
}

function isPeriod(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0;
}

/** Its fields are those of an output in a record, and no others. */
function isOutput(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { sha256, fingerprint = sha256, madeFrom = 'unknown', ...others } = value;
  const isDigest = typeof fingerprint === 'string' && /^[0-9a-f]{64}$/.test(fingerprint);
  const isSaidOnce = sha256 === undefined || value.fingerprint === undefined;
  return isDigest && isSaidOnce && isText(madeFrom) && Object.keys(others).length === 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(path: string, problem: string): PrpackError {
  return new PrpackError('KEY_INVALID', `${path}: ${problem}`, {
    path,
    remedy: 'Write it as {"keys": [{"kid": "<UUID>", "key": "<32 hexadecimal digits>", "label": "video"}]}.',
  });
}

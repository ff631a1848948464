import { CONTENT_KEY_SIZE_BYTES, ContentKey } from './content-key.js';

/** A content key as it travels between threads of the process: in shared memory, of which no message makes a copy. */
interface SentKey {
  readonly contentKey: Uint8Array;
}

/** Keys that share a piece of memory: a piece a key takes longer to make than all else that is done to send one. */
const KEYS_TOGETHER = 32;

/** Plain data for another thread: keys are opened, for a structured clone of a closed one is empty. Without a key it is the value itself. */
export function packKeys(value: unknown): unknown {
  const room = new KeyRoom();
  const pack = (inner: unknown): unknown =>
    inner instanceof ContentKey ? room.send(inner) : mapPlain(inner, pack);
  return pack(value);
}

/** The same value again; the opened keys are wiped, on both sides at once. */
export function unpackKeys(value: unknown): unknown {
  if (isSentKey(value)) {
    const key = ContentKey.fromBytes(value.contentKey);
    value.contentKey.fill(0);
    return key;
  }
  return mapPlain(value, unpackKeys);
}

/** Memory for the keys of one message. Not handed over as an array buffer: V8 slows down all typed arrays of a thread once one of them was detached. */
class KeyRoom {
  #memory: SharedArrayBuffer | undefined;
  #usedBytes = 0;

  send(key: ContentKey): SentKey {
    if (!this.#memory || this.#usedBytes === this.#memory.byteLength) {
      this.#memory = new SharedArrayBuffer(KEYS_TOGETHER * CONTENT_KEY_SIZE_BYTES);
      this.#usedBytes = 0;
    }
    const contentKey = new Uint8Array(this.#memory, this.#usedBytes, CONTENT_KEY_SIZE_BYTES);
    this.#usedBytes += CONTENT_KEY_SIZE_BYTES;
    const revealed = key.revealBytes();
    contentKey.set(revealed);
    revealed.fill(0);
    return { contentKey };
  }
}

function isSentKey(value: unknown): value is SentKey {
  return (
    typeof value === 'object' &&
    value !== null &&
    'contentKey' in value &&
    // No JSON has such a value: a policy may well have a field of this name.
    value.contentKey instanceof Uint8Array
  );
}

/** The value with what it holds mapped; the value itself where nothing of that is another. */
function mapPlain(value: unknown, map: (inner: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Array.isArray(value) ? mapArray(value, map) : mapObject(value as Record<string, unknown>, map);
}

function mapArray(value: readonly unknown[], map: (inner: unknown) => unknown): readonly unknown[] {
  let mapped: unknown[] | undefined;
  for (let i = 0; i < value.length; i++) {
    const inner = map(value[i]);
    if (inner === value[i]) continue;
    mapped ??= value.slice();
    mapped[i] = inner;
  }
  return mapped ?? value;
}

function mapObject(value: Record<string, unknown>, map: (inner: unknown) => unknown): object {
  let mapped: Record<string, unknown> | undefined;
  for (const name of Object.keys(value)) {
    const inner = map(value[name]);
    if (inner === value[name]) continue;
    mapped ??= { ...value };
    mapped[name] = inner;
  }
  return mapped ?? value;
}

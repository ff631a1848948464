import { ContentKey } from './content-key.js';

/** A content key as it travels between threads of the process: in shared memory, of which no message makes a copy. */
interface SentKey {
  readonly contentKey: Uint8Array;
}

/** Plain data for another thread: keys are opened, for a structured clone of a closed one is empty. */
export function packKeys(value: unknown): unknown {
  if (value instanceof ContentKey) return sendKey(value);
  return mapPlain(value, packKeys);
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

/** Not handed over as an array buffer: V8 slows down all typed arrays of a thread once one of them was detached. */
function sendKey(key: ContentKey): SentKey {
  const revealed = key.revealBytes();
  const contentKey = new Uint8Array(new SharedArrayBuffer(revealed.length));
  contentKey.set(revealed);
  revealed.fill(0);
  return { contentKey };
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

function mapPlain(value: unknown, map: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, map(inner)]));
}

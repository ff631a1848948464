/**
 * What public types take from Node.js, written out as far as it is used. The declarations of the package then need neither
 * @types/node nor the DOM library. In a project that has one of them, its own types fit.
 */

/** The AbortSignal of the project's libraries, else as much of it as everybody has. */
export type AbortSignal = typeof globalThis extends {
  readonly AbortSignal: { readonly prototype: infer Own };
}
  ? Own
  : { readonly aborted: boolean };

/** A `Readable` of node:stream that gives bytes. */
export interface ByteReadable {
  [Symbol.asyncIterator](): AsyncIterator<unknown>;
  destroy(error?: Error): unknown;
}

/** A `Writable` of node:stream that takes bytes. */
export interface ByteWritable {
  readonly destroyed: boolean;
  write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown;
}

/** A private key as a `KeyObject` of node:crypto. */
export interface PrivateKey {
  readonly type: string;
  readonly asymmetricKeyType?: string | undefined;
}

import { BLOCK_BYTES } from './scheme.js';

/** Loops over bytes in {@link CtrKernel.memory}: offsets are multiples of 16 bytes, and so are lengths. */
export interface CtrKernel {
  /** 64 KiB. */
  readonly memory: Uint8Array;
  /**
   * Writes counter blocks into [at, end), from this one on, whose 32-bit parts may be signed. The second half of the counter
   * block counts modulo 2^64 (ISO/IEC 23001-7 9.4.2).
   */
  count(at: number, end: number, high0: number, high1: number, low0: number, low1: number): void;
  /** XORs the bytes from `streamAt` on into [at, end). */
  xor(at: number, end: number, streamAt: number): void;
}

/** What is used of the JavaScript interface to WebAssembly. Node.js has none with --jitless. */
declare const WebAssembly:
  | {
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: unknown };
    }
  | undefined;

/** `ctr-kernel.wat` as WebAssembly, which XORs 16 bytes at once. */
export const MODULE =
  'AGFzbQEAAAABEAJgBn9/f39/fwBgA39/fwADAwIAAQUDAQABBxgDBm1lbW9yeQIABWNvdW50AAADeG9yAAEKpAECbgECeyACrUIghiADrYT9EiAErUIghiAFrYT9HgEh' +
  'Bv0MAAAAAAAAAAABAAAAAAAAACEHAkADQCAAIAFPDQEgACAG/QwHBgUEAwIBAA8ODQwLCgkI/Q79CwQAIAYgB/3OASEGIABBEGohAAwACwsLMwACQANAIAAgAU8NASAA' +
  'IAD9AAQAIAL9AAQA/VH9CwQAIAJBEGohAiAAQRBqIQAMAAsLCw==';

/** Of this thread. */
let kernel: CtrKernel | undefined;

/** The kernel of this thread: what is in its memory lasts until somebody else uses it. */
export function ctrKernel(): CtrKernel {
  kernel ??= compiledKernel() ?? plainKernel();
  return kernel;
}

/** The kernel as WebAssembly, where there is any. */
export function compiledKernel(): CtrKernel | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(MODULE, 'base64')));
  const { memory, count, xor } = exports as Omit<CtrKernel, 'memory'> & {
    readonly memory: { readonly buffer: ArrayBuffer };
  };
  return { memory: new Uint8Array(memory.buffer), count, xor };
}

/** The kernel in JavaScript. */
export function plainKernel(): CtrKernel {
  const memory = new Uint8Array(2 ** 16);
  const view = new DataView(memory.buffer);
  return {
    memory,
    count(at, end, high0, high1, low0, low1) {
      let low = low1 >>> 0;
      for (let block = at; block < end; block += BLOCK_BYTES, low++) {
        view.setUint32(block, high0);
        view.setUint32(block + 4, high1);
        view.setUint32(block + 8, low < 2 ** 32 ? low0 : low0 + 1); // setUint32 takes its number modulo 2^32
        view.setUint32(block + 12, low);
      }
    },
    xor(at, end, streamAt) {
      for (let i = at, from = streamAt; i < end; i++, from++) memory[i] ^= memory[from];
    },
  };
}

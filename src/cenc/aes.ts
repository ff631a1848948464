import { createCipheriv, getCiphers } from 'node:crypto';
import { release } from '../bytes/release.js';

/** Raw AES-128 under one key, as CTR mode needs it. */
export interface Aes {
  /** The cipher blocks of whole 16-byte blocks, in new memory, each on its own. */
  encryptBlocks(blocks: Uint8Array): Uint8Array;
  /**
   * Starts CTR mode at a counter block, which may be reused; all 128 bits count. Undefined where only `encryptBlocks` is to be had.
   */
  readonly startCtr: ((counterBlock: Uint8Array) => CtrRun) | undefined;
}

/** XORs key stream into the bytes, in place, from where the call before stopped. */
export type CtrRun = (bytes: Uint8Array) => void;

/** OpenSSL's where this Node.js has it, else the one of @noble/ciphers, which is loaded only then. */
export async function createAes(key: Uint8Array): Promise<Aes> {
  const native = getCiphers();
  const hasNative = native.includes('aes-128-ecb') && native.includes('aes-128-ctr');
  return hasNative ? createNativeAes(key) : await createNobleAes(key);
}

/** Output of one call to OpenSSL; memory of this size is reused faster than that of whole large samples. */
const CTR_STEP_BYTES = 65536;

/** AES by node:crypto. */
export function createNativeAes(key: Uint8Array): Aes {
  const ecb = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return {
    encryptBlocks: (blocks) => ecb.update(blocks),
    startCtr(counterBlock) {
      const ctr = createCipheriv('aes-128-ctr', key, counterBlock);
      return (bytes) => {
        for (let at = 0; at < bytes.length; at += CTR_STEP_BYTES) {
          const output = ctr.update(bytes.subarray(at, at + CTR_STEP_BYTES));
          bytes.set(output, at);
          release(output);
        }
      };
    },
  };
}

/** AES by @noble/ciphers. */
export async function createNobleAes(key: Uint8Array): Promise<Aes> {
  const { ecb } = await import('@noble/ciphers/aes.js');
  return {
    encryptBlocks: (blocks) => ecb(key, { disablePadding: true }).encrypt(blocks),
    startCtr: undefined,
  };
}

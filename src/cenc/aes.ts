import { createCipheriv, createDecipheriv, getCiphers } from 'node:crypto';
import { release } from '../bytes/release.js';
import { BLOCK_BYTES } from './scheme.js';

/** Raw AES-128 under one key, as the modes of Common Encryption need it. */
export interface Aes {
  /** The cipher blocks of whole 16-byte blocks, in new memory, each on its own. */
  encryptBlocks(blocks: Uint8Array): Uint8Array;
  /**
   * Starts CTR mode at a counter block, which may be reused; all 128 bits count. Undefined where only `encryptBlocks` is to be had.
   */
  readonly startCtr: ((counterBlock: Uint8Array) => CtrRun) | undefined;
  /** CBC mode in one direction, for one chain after the other. */
  createCbc(direction: Direction): CbcChain;
}

export type Direction = 'encrypt' | 'decrypt';

/** XORs key stream into the bytes, in place, from where the call before stopped. */
export type CtrRun = (bytes: Uint8Array) => void;

/**
 * Encrypts or decrypts whole 16-byte blocks in place as one chain.
 * @param iv 16 bytes; may lie inside `blocks`, and is read before they are changed
 */
export type CbcChain = (blocks: Uint8Array, iv: Uint8Array) => void;

/** Makes the AES of a key: OpenSSL's where this Node.js has it, else the one of @noble/ciphers, which is loaded only then. */
export async function aesMaker(): Promise<(key: Uint8Array) => Aes> {
  const native = getCiphers();
  const hasNative = ['ecb', 'ctr', 'cbc'].every((mode) => native.includes(`aes-128-${mode}`));
  return hasNative ? createNativeAes : await nobleAesMaker();
}

/** Output of one call to OpenSSL; memory of this size is reused faster than that of whole large samples. */
const STEP_BYTES = 65536;

/** AES by node:crypto. */
export function createNativeAes(key: Uint8Array): Aes {
  const ecb = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return {
    encryptBlocks: (blocks) => ecb.update(blocks),
    startCtr(counterBlock) {
      const ctr = createCipheriv('aes-128-ctr', key, counterBlock);
      return (bytes) => updateInPlace(ctr, bytes);
    },
    createCbc: (direction) => (direction === 'encrypt' ? nativeCbcEncryption(key) : nativeCbcDecryption(key)),
  };
}

interface Updating {
  update(bytes: Uint8Array): Uint8Array;
}

function updateInPlace(cipher: Updating, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    const output = cipher.update(bytes.subarray(at, at + STEP_BYTES));
    bytes.set(output, at);
    release(output);
  }
}

/**
 * One cipher object for all chains, since setting one up costs more than a short chain. It XORs the last cipher block
 * that it gave into the first block of the next chain; XORing that block and the IV in beforehand leaves the IV alone.
 */
function nativeCbcEncryption(key: Uint8Array): CbcChain {
  const cbc = createCipheriv('aes-128-cbc', key, new Uint8Array(BLOCK_BYTES)).setAutoPadding(false);
  const last = new Uint8Array(BLOCK_BYTES);
  return (blocks, iv) => {
    if (blocks.length === 0) return;
    for (let i = 0; i < BLOCK_BYTES; i++) blocks[i] ^= last[i] ^ iv[i];
    updateInPlace(cbc, blocks);
    last.set(blocks.subarray(-BLOCK_BYTES));
  };
}

/** As for encryption, but what the cipher object XORs in is put right afterwards. */
function nativeCbcDecryption(key: Uint8Array): CbcChain {
  const cbc = createDecipheriv('aes-128-cbc', key, new Uint8Array(BLOCK_BYTES)).setAutoPadding(false);
  const last = new Uint8Array(BLOCK_BYTES);
  const correction = new Uint8Array(BLOCK_BYTES);
  return (blocks, iv) => {
    if (blocks.length === 0) return;
    for (let i = 0; i < BLOCK_BYTES; i++) correction[i] = last[i] ^ iv[i];
    last.set(blocks.subarray(-BLOCK_BYTES));
    updateInPlace(cbc, blocks);
    for (let i = 0; i < BLOCK_BYTES; i++) blocks[i] ^= correction[i];
  };
}

/** Makes AES by @noble/ciphers. */
export async function nobleAesMaker(): Promise<(key: Uint8Array) => Aes> {
  const { cbc, ecb } = await import('@noble/ciphers/aes.js');
  const options = { disablePadding: true };
  return (key) => ({
    encryptBlocks: (blocks) => ecb(key, options).encrypt(blocks),
    startCtr: undefined,
    createCbc: (direction) => (blocks, iv) => blocks.set(cbc(key, iv, options)[direction](blocks)),
  });
}

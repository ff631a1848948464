import { createCipheriv } from 'node:crypto';

/** Fingerprint of bytes under a key of 32 hexadecimal digits: the key, then the GMAC of all bytes at once. */
export function fingerprintUnder(key: string, bytes: Uint8Array): string {
  const mac = createCipheriv('aes-128-gcm', Buffer.from(key, 'hex'), Buffer.alloc(12)).setAAD(bytes);
  mac.final();
  return `${key}${mac.getAuthTag().toString('hex')}`;
}

/** What a fingerprint would be if it were of these bytes: it is, when both are equal. */
export function fingerprintAs(fingerprint: string, bytes: Uint8Array): string {
  return fingerprintUnder(fingerprint.slice(0, 32), bytes);
}

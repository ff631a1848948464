#!/usr/bin/env node
// KEK command for prpack: wraps key-encryption keys with the transit engine of HashiCorp Vault (1.12 or newer) or OpenBao.
//
// VAULT_ADDR is the server, VAULT_TOKEN_FILE a file that holds a token. TRANSIT_KEY names the key of the engine (default: prpack), which is
// of type aes256-gcm96; TRANSIT_MOUNT is where the engine is (default: transit). Whoever wraps needs `update` on encrypt/<key> and
// decrypt/<key>, whoever only opens on decrypt/<key>. The id of the KEK is associated data: nothing else opens as this KEK.
import { readFileSync } from 'node:fs';

const { version, operation, kekId, key, wrapped } = JSON.parse(readFileSync(0, 'utf8'));
if (version !== 1) throw new Error(`version ${version} of the protocol is not known here`);

const { VAULT_ADDR, VAULT_TOKEN_FILE, TRANSIT_MOUNT = 'transit', TRANSIT_KEY = 'prpack' } = process.env;
const ANSWERS = {
  wrap: async () => ({ wrapped: (await transit('encrypt', { plaintext: key })).ciphertext }),
  unwrap: async () => ({ key: (await transit('decrypt', { ciphertext: wrapped })).plaintext }),
};

async function transit(call, request) {
  const response = await fetch(`${VAULT_ADDR}/v1/${TRANSIT_MOUNT}/${call}/${TRANSIT_KEY}`, {
    method: 'POST',
    headers: { 'x-vault-token': readFileSync(VAULT_TOKEN_FILE, 'utf8').trim() },
    body: JSON.stringify({ ...request, associated_data: Buffer.from(kekId).toString('base64') }),
    signal: AbortSignal.timeout(8000),
  });
  if (!response.ok) throw new Error(`Vault answered ${response.status} to ${call}`);
  return (await response.json()).data;
}

try {
  const answer = { version: 1, ...(await ANSWERS[operation]()) };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
} catch ({ message, cause }) {
  // prpack reports the end of standard error.
  process.stderr.write(`${[message, cause?.message].filter(Boolean).join(': ')}\n`);
  process.exitCode = 1;
}

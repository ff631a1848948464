#!/usr/bin/env node
// KEK command for prpack: wraps key-encryption keys with AWS KMS, through the command line of AWS (version 2).
//
// KMS_KEY_ID names the symmetric KMS key: an id, ARN or alias. Region and credentials come by the conventions of AWS. Whoever wraps
// needs kms:Encrypt and kms:Decrypt of that key, whoever only opens kms:Decrypt. The id of the KEK is the encryption context, so that
// it stands in CloudTrail. Nothing secret is in arguments: the request is sent through standard input.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { version, operation, kekId, key, wrapped } = JSON.parse(readFileSync(0, 'utf8'));
if (version !== 1) throw new Error(`version ${version} of the protocol is not known here`);

const EncryptionContext = { 'prpack-kek': kekId };
const ANSWERS = {
  wrap: () => ({ wrapped: kms('encrypt', { Plaintext: key }).CiphertextBlob }),
  unwrap: () => ({ key: kms('decrypt', { CiphertextBlob: wrapped }).Plaintext }),
};

function kms(call, request) {
  const input = JSON.stringify({ KeyId: process.env.KMS_KEY_ID, EncryptionContext, ...request });
  const args = ['kms', call, '--cli-binary-format', 'base64', '--cli-input-json', 'file:///dev/stdin'];
  return JSON.parse(
    execFileSync('aws', [...args, '--output', 'json'], { input, stdio: ['pipe', 'pipe', 'inherit'] }),
  );
}

try {
  const answer = { version: 1, ...ANSWERS[operation]() };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
} catch ({ message, cause }) {
  // prpack reports the end of standard error.
  process.stderr.write(`${[message, cause?.message].filter(Boolean).join(': ')}\n`);
  process.exitCode = 1;
}

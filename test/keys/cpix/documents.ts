import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseKeyId } from '../../../src/keys/key-id.js';
import { privateCopy } from '../../support/private-copy.js';

/** KIDs and keys that the documents below use. */
export const KIDS = [
  '98ee5596-cd3e-4a20-963a-e382420c6e01',
  '98ee5596-cd3e-4a20-963a-e382420c6e02',
  '98ee5596-cd3e-4a20-963a-e382420c6e03',
].map(parseKeyId);
export const KEYS = [
  'b42ca3172ee4e69bf51848a59db9cd13',
  '00112233445566778899aabbccddeeff',
  'f0e1d2c3b4a5968778695a4b3c2d1e0f',
];
export const PLAYREADY = '9a04f079-9840-4286-ab92-e65be0885f95';
export const WIDEVINE = 'edef8ba9-79d6-4ace-a3c8-27dcd51d21ed';

export const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

/** Every way in which a key could show up in a text. */
export function spellingsOf(keyHex: string): string[] {
  const bytes = Buffer.from(keyHex, 'hex');
  return [
    keyHex,
    keyHex.toUpperCase(),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
}

const CERTIFICATES = new URL('../http/certificates/', import.meta.url);

export function certificateText(name: string): string {
  return readFileSync(new URL(name, CERTIFICATES), 'utf8');
}

/** Of a private key, the path of a copy for its owner alone: git keeps no such modes. */
export function certificatePath(name: string): string {
  const path = new URL(name, CERTIFICATES).pathname;
  return name.endsWith('.key') && existsSync(path) ? privateCopy(path) : path;
}

export function privateKeyOf(name: 'recipient' | 'stranger'): KeyObject {
  return createPrivateKey(certificateText(`${name}.key`));
}

export function certificateOf(name: 'recipient' | 'stranger'): Uint8Array {
  return new Uint8Array(new X509Certificate(certificateText(`${name}.pem`)).raw);
}

/** A document with the usual prefixes. */
export function cpix(inner: string, attributes = ''): string {
  return (
    `<cpix:CPIX ${attributes} xmlns:cpix="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" ` +
    'xmlns:enc="http://www.w3.org/2001/04/xmlenc#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ' +
    `xmlns:speke="urn:aws:amazon:com:speke">${inner}</cpix:CPIX>`
  );
}

/** A content key in the clear. */
export function plainKey(index: number, attributes = ''): string {
  return (
    `<cpix:ContentKey kid="${KIDS[index]}" ${attributes}><cpix:Data><pskc:Secret>` +
    `<pskc:PlainValue>${base64(KEYS[index])}</pskc:PlainValue></pskc:Secret></cpix:Data></cpix:ContentKey>`
  );
}

export const keyList = (...keys: string[]) => `<cpix:ContentKeyList>${keys.join('')}</cpix:ContentKeyList>`;

export function rule(index: number, filters: string, attributes = ''): string {
  return `<cpix:ContentKeyUsageRule kid="${KIDS[index]}" ${attributes}>${filters}</cpix:ContentKeyUsageRule>`;
}

export const ruleList = (...rules: string[]) =>
  `<cpix:ContentKeyUsageRuleList>${rules.join('')}</cpix:ContentKeyUsageRuleList>`;

/**
 * The key of KIDS[0], encrypted to `recipient` with the openssl command line: `pkeyutl -encrypt` (OAEP, SHA-1), `enc -aes-256-cbc`
 * with the IV in front, `dgst -sha512 -mac HMAC` over both.
 */
export const OPENSSL = {
  documentKey:
    'jcwjH5P2/PKLg5X3DD4mxnff4kVZ51r04a8yuOpg92lPOGmME8zaYna+DZ6SUq3XdYBf48jQQommJI/j1OitZ9S2r5a+q809t1IApN5ZRA5qNIpF4gauvM83DNPZLsOcsUR60uYNVEoKpdc/lLyAgOwCCSwzUNKQ6IvTavbu5iyMfeTLaoQNB0YVR4job6Mdb+Q1rFtJfIEA+qWIzQGoMKW1q78riNL1FFaA7vgHVm5nAaFxvUAYp0L/jp88HM0wnD/lXA6aHbfIxgxnqsol40Nm8ljOQApvEM+xDaC57wJJijI2/SYxzIBK/DW5oW+56eYQzeMMpePFjuDZNOMbhw==',
  macKey:
    'jSaZGPkpijJ/KYmPUuv2KRYaunMZT2UgBXWcCvThPzgsVEyivxDKL6PTK00TBJXiA+rR4/lPWyFEDTFKUCjBxvaCXX7GSK+yZTn8yaVyVQh/kNwOElsEpua22GBLWqat/JcBV/O27aTVrg6cEZ0Q07jPmavrEfSW9bNJ5DFLZbUE7dV6y9oL7oisZb8zBKDHWfEgM5YdDruroG/vVoF+mFo1GPpuGb4dNGrIweQTvJaV93IixpiNvY0uIY2HOd6Ce+XRBP9ZkkE0eLipzCT7+s2MF+Bp4QMYwlBWbULDAfhXXADyi3Ws5+/GQaoN+UvPv8OeYBziNWIVJbegJruwKQ==',
  cipherValue: 'oKGio6SlpqeoqaqrrK2ur145Y5rHDKIdbS1viurEn93OSKQB+teNeICUFdgs7kle',
  mac: 'qy62923CM2tHkuH34udrawhHNwwzVwoo27UTmSvd1KjAcRLEpvc5YSik21PrxATuNWml03aIwS0fgMBr7EcNTQ==',
};

const XMLENC = 'http://www.w3.org/2001/04/xmlenc#';

/** The document of `OPENSSL`, any part of it changed or left out. */
export function encryptedDocument(
  changes: Partial<
    Record<'cipherValue' | 'mac' | 'macMethod' | 'macKeyElement' | 'documentKeyAttributes', string>
  > = {},
): string {
  const { cipherValue = OPENSSL.cipherValue, mac = OPENSSL.mac, macKeyElement = 'cpix:Key' } = changes;
  const data = (algorithm: string, value: string) =>
    `<enc:EncryptionMethod Algorithm="${XMLENC}${algorithm}"/><enc:CipherData><enc:CipherValue>${value}</enc:CipherValue></enc:CipherData>`;
  const macMethod =
    changes.macMethod ??
    `<cpix:MACMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha512"><${macKeyElement}>` +
      `${data('rsa-oaep-mgf1p', OPENSSL.macKey)}</${macKeyElement}></cpix:MACMethod>`;
  const delivery =
    '<cpix:DeliveryDataList><cpix:DeliveryData><cpix:DeliveryKey><ds:X509Data><ds:X509Certificate>' +
    Buffer.from(certificateOf('recipient')).toString('base64').replace(/.{64}/g, '$&\n') +
    '</ds:X509Certificate></ds:X509Data></cpix:DeliveryKey>' +
    `<cpix:DocumentKey ${changes.documentKeyAttributes ?? ''}><cpix:Data><pskc:Secret><pskc:EncryptedValue>` +
    `${data('rsa-oaep-mgf1p', OPENSSL.documentKey)}</pskc:EncryptedValue></pskc:Secret></cpix:Data></cpix:DocumentKey>` +
    `${macMethod}</cpix:DeliveryData></cpix:DeliveryDataList>`;
  const valueMac = mac === '' ? '' : `<pskc:ValueMAC>${mac}</pskc:ValueMAC>`;
  const key =
    `<cpix:ContentKey kid="${KIDS[0]}"><cpix:Data><pskc:Secret><pskc:EncryptedValue>` +
    `${data('aes256-cbc', cipherValue)}</pskc:EncryptedValue>${valueMac}</pskc:Secret></cpix:Data></cpix:ContentKey>`;
  return cpix(delivery + keyList(key));
}

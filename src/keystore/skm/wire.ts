import { z } from 'zod';
import { fromHex, toHex } from '../../bytes/hex.js';
import { keyChecksum } from '../../keys/checksum.js';
import { type KeyId, parseKeyId } from '../../keys/key-id.js';
import { damagedRecord } from '../damaged-record.js';
import type { KeyRegistration } from '../key-store.js';
import type { SkmKek } from './kek.js';

// Key objects as they go over the line (SKM API, "Data Model"). Answers are checked; fields that are not known here are let pass.

const WRAPPED_KEY_DIGITS = 48;

const KeyObject = z.object({
  kid: z.string().transform(parseKeyId),
  ek: z
    .string()
    .length(WRAPPED_KEY_DIGITS)
    .regex(/^[0-9a-fA-F]*$/)
    .transform((text) => fromHex(text)!),
  kekId: z.string().nullish(),
  info: z.string().nullish(),
  contentId: z.string().nullish(),
  lastUpdate: z.union([z.string(), z.number()]).nullish(),
});

/** A key object of the server, not opened yet. */
export type SkmObject = z.output<typeof KeyObject>;

const Info = z.object({
  algorithm: z.enum(['AESCTR', 'AESCBC']),
  source: z.string(),
  label: z.string().optional(),
  period: z.int().min(0).optional(),
  seedId: z.string().optional(),
  laUrl: z.string().optional(),
  policy: z.record(z.string(), z.unknown()).optional(),
  checksum: z.string(),
  createdAt: z.string(),
});

/** What prpack keeps in the field `info`, which is any text to the server. */
export type SkmInfo = z.output<typeof Info>;

/** The KID as the server writes it: 32 hexadecimal digits in UUID text order. */
export function kidDigits(kid: KeyId): string {
  return kid.replaceAll('-', '');
}

/** The body that registers a key: wrapped, with the check value by which what was stored can be verified. */
export function registrationBody(registration: KeyRegistration, kek: SkmKek, createdAt: string): object {
  const { kid, key, contentId, givesWay, onlyKey, ...description } = registration;
  return {
    kid: kidDigits(kid),
    ek: toHex(kek.wrap(key)),
    kekId: kek.id,
    contentId,
    info: JSON.stringify({ ...description, checksum: keyChecksum(kid, key), createdAt }),
  };
}

/**
 * The object of one KID: alone, as SKeyMa answers, or in an array, as the API says; undefined when the array is empty.
 * @throws PrpackError KEY_STORE_FAILED when it is of another KID, or any error when it is no key object
 */
export function readObject(body: unknown, kid: KeyId): SkmObject | undefined {
  const objects = z
    .array(KeyObject)
    .max(1)
    .parse(Array.isArray(body) ? body : [body]);
  const object = objects[0];
  if (object && object.kid !== kid) throw damagedRecord(kid, 'the server sent the record of another KID');
  return object;
}

/**
 * What prpack noted at the registration; undefined for keys that somebody else registered.
 * @throws PrpackError KEY_STORE_FAILED when the note was changed
 */
export function readInfo({ info, kid }: SkmObject): SkmInfo | undefined {
  const noted = parseOrUndefined(info ?? '');
  if (typeof noted !== 'object' || noted === null || !('checksum' in noted)) return undefined;
  const { success, data } = Info.safeParse(noted);
  if (!success) throw damagedRecord(kid, 'its description was changed');
  return data;
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

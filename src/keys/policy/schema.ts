import type { z as Zod } from 'zod';
import { fromBase64 } from '../../bytes/hex.js';
import { uuidToBytes } from '../../bytes/uuid.js';
import { dateMs, durationMs } from './moment.js';

type Z = typeof Zod;
type Context = Zod.core.ParsePayload<Record<string, unknown>>;

/** The schema of policies; the library comes from the caller, who loads it when it is needed. */
export function policySchema(z: Z) {
  const { moment, uuid, base64 } = texts(z);
  const times = { persist: z.boolean(), beginDate: moment, expiration: moment };
  return z
    .strictObject({
      ...times,
      minSecurityLevel: z.literal([150, 2000, 3000]),
      expireAfterFirstPlay: z.int().positive(),
      realTimeExpiration: z.boolean(),
      removalDate: moment,
      outputProtectionLevels: outputProtectionLevels(z),
      explicitOutputProtections: z.array(
        z.strictObject({
          output: z.enum(['digitalVideo', 'digitalAudio', 'analogVideo']),
          id: uuid,
          data: base64.optional(),
        }),
      ),
      playEnablers: z.array(uuid),
      sourceId: z.int().nonnegative(),
      domain: z.strictObject({
        dsId: base64.refine((text) => fromBase64(text)?.length === 16, 'must be base64 of 16 bytes'),
        accountId: uuid.optional(),
      }),
      meteringId: uuid,
      secureStop: z.boolean(),
      secureDelete: z.boolean(),
      isRoot: z.boolean(),
      rootKid: uuid,
      rootLicense: z.strictObject(times).partial().check(assertTimes),
    })
    .partial()
    .check(assertTimes, assertExpiration, assertOneRole);
}

function texts(z: Z) {
  return {
    moment: z
      .string()
      .refine(
        (text) => dateMs(text) !== undefined || durationMs(text) !== undefined,
        'must be a date (2026-12-31), a date and time (2026-12-31T23:59:59Z), or a duration from issuance (P30D, PT48H)',
      ),
    uuid: z.string().refine((text) => uuidToBytes(text) !== undefined, 'must be a UUID'),
    base64: z.string().refine((text) => fromBase64(text) !== undefined, 'must be base64'),
  };
}

function outputProtectionLevels(z: Z) {
  const audio = z.literal([100, 150, 200, 250, 300]);
  return z
    .strictObject({
      compressedDigitalAudio: audio,
      uncompressedDigitalAudio: audio,
      compressedDigitalVideo: z.literal([400, 500]),
      uncompressedDigitalVideo: z.literal([100, 250, 270, 300]),
      analogVideo: z.literal([100, 150, 200]),
    })
    .partial();
}

function refuse(context: Context, field: string, message: string): void {
  context.issues.push({ code: 'custom', input: context.value[field], path: [field], message });
}

/** "Whenever an expiration is set, a begin date is set, too", and it comes first. */
function assertTimes(context: Context): void {
  const { beginDate, expiration } = context.value;
  if (typeof expiration !== 'string') return;
  if (beginDate === undefined) {
    refuse(
      context,
      'beginDate',
      'must be set, because expiration is set (PT0S is the moment a license is issued)',
    );
    return;
  }
  if (typeof beginDate !== 'string') return;
  const [begin, end] = [durationMs, dateMs]
    .map((read) => [read(beginDate), read(expiration)])
    .find(([first, second]) => first !== undefined && second !== undefined) ?? [0, 1];
  if (begin! >= end!) refuse(context, 'expiration', 'must be later than beginDate');
}

function assertExpiration(context: Context): void {
  const { realTimeExpiration, expiration, expireAfterFirstPlay } = context.value;
  if (realTimeExpiration !== true || expiration !== undefined || expireAfterFirstPlay !== undefined) return;
  refuse(context, 'realTimeExpiration', 'needs expiration or expireAfterFirstPlay');
}

function assertOneRole(context: Context): void {
  const { isRoot, rootKid, rootLicense } = context.value;
  if (isRoot !== true || (rootKid === undefined && rootLicense === undefined)) return;
  refuse(context, 'isRoot', 'excludes rootKid and rootLicense: a key is a root or a leaf');
}

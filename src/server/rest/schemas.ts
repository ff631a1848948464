import { z } from 'zod';
import { policySchema } from '../../keys/policy/schema.js';

// Shapes of REST v1: what is validated, sent and published as OpenAPI.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Longest text that names something. */
const MAX_NAME = 1024;
/** Keys of one request. */
export const MAX_KEYS = 1000;

/** A text on one line, without control characters. */
const name = z
  .string()
  .min(1)
  .max(MAX_NAME)
  .regex(/^\P{Cc}*$/u);
const timestamp = z.string().describe('RFC 3339, UTC, with milliseconds');

export const Kid = z.string().regex(UUID).describe('Key id: a UUID with dashes').meta({ format: 'uuid' });
/** Zeros alone are what is left where somebody forgot to fill in a KID or key. */
const NewKid = Kid.regex(/[1-9a-f]/i, 'must not be all zeros');
const Key = z
  .string()
  .regex(/^[0-9a-f]{32}$/i)
  .describe('Content key: 32 hexadecimal digits');
const NewKey = Key.regex(/[1-9a-f]/i, 'must not be all zeros');
const Algorithm = z
  .enum(['AESCTR', 'AESCBC'])
  .describe('What the key encrypts with, in the words of PlayReady');
const Period = z
  .int()
  .min(0)
  .describe('Index of the crypto period that the key is for; absent: all of the content');
/** In a query, where everything is text. */
const PeriodQuery = z.coerce.number().int().min(0).optional();
const State = z.enum(['pending', 'active', 'revoked']);
const Checksum = z.string().max(24).describe('PlayReady checksum: base64 of 8 bytes');
/** Of a new policy the words are checked; what stores hold already is shown as it is. */
const NewPolicy = policySchema(z).describe('What the license server is to allow').meta({ id: 'Policy' });
const Policy = z.record(z.string(), z.unknown()).describe('What the license server is to allow');
const Fingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('What distinguishes the published file from others: key and tag of a GMAC, or its SHA-256');

const description = {
  algorithm: Algorithm.default('AESCTR'),
  contentId: name.describe('The content that the key protects'),
  label: name.optional().describe('Tracks that the key is for, such as audio or HD; absent: all'),
  period: Period.optional(),
  source: name.default('given').describe('Where the key comes from'),
  seedId: name
    .optional()
    .describe('Id of the key seed that the key follows from; then the key itself is not stored'),
  laUrl: name.optional().describe('License acquisition URL in the media'),
  policy: NewPolicy.optional(),
  givesWay: z
    .boolean()
    .optional()
    .describe(
      'Refuse the key with CONTENT_HAS_KEY where its content has another of this label, algorithm and period',
    ),
  onlyKey: z
    .boolean()
    .optional()
    .describe(
      'Refuse the key where its content has another living key of this label, algorithm and period. Always so for callers without `admin`.',
    ),
};

const secret = {
  key: NewKey,
  checksum: Checksum.optional().describe('Compared with that of the key, so that a damaged key is refused'),
};

export const Registration = z.strictObject({ ...description, ...secret });
export const RegistrationWithKid = z.strictObject({ kid: NewKid, ...description, ...secret });
export type RegistrationWithKid = z.output<typeof RegistrationWithKid>;

export const Registrations = z.strictObject({
  keys: z.array(RegistrationWithKid).min(1).max(MAX_KEYS),
  atomic: z.boolean().default(false).describe('Register all keys or none; else each by itself'),
});

export const KidParams = z.object({ kid: Kid });
export const NewKidParams = z.object({ kid: NewKid });

const policyVersion = z.int().min(1).describe('1 is the policy of the registration');

export const PolicyReplacement = z.strictObject({
  policy: NewPolicy,
  replaces: policyVersion.optional().describe('Version that must be in force; any, when absent'),
});

const kids = z.array(Kid).min(1).max(MAX_KEYS);

export const Kids = z.strictObject({ kids });

export const Publication = z.strictObject({
  kids,
  output: z.strictObject({
    fingerprint: Fingerprint,
    madeFrom: name.optional().describe('What the file was made from'),
  }),
});

export const Empty = z.undefined().describe('Done');

export const Health = z.object({ status: z.literal('ok') });

export const MetricsText = z.string().describe('Prometheus text format');

export const KeyRecord = z
  .object({
    kid: Kid,
    algorithm: Algorithm,
    contentId: z.string(),
    label: z.string().optional(),
    period: Period.optional(),
    source: z.string(),
    seedId: z.string().optional(),
    kekId: z.string().optional().describe('Id of the key-encryption key that the key is wrapped under'),
    laUrl: z.string().optional(),
    policy: Policy.optional(),
    policyVersion: policyVersion.optional().describe('Of a policy that took the place of another; absent: 1'),
    checksum: Checksum,
    state: State,
    outputs: z.array(z.object({ fingerprint: Fingerprint, madeFrom: z.string().optional() })),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'KeyRecord', description: 'What the store knows of a key, without the key' });

export const RegisteredKey = z.object({ outcome: z.enum(['created', 'unchanged']), record: KeyRecord });

export const StoredKeyBody = z.object({
  record: KeyRecord,
  key: Key.optional().describe('Absent when the key follows from the seed that the record names'),
});

export const ProblemDocument = z
  .object({
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('What programs branch on'),
    remedy: z.string().optional(),
    retryAfterSeconds: z.int().optional().describe('As the header Retry-After'),
    errors: z.array(z.object({ pointer: z.string(), problem: z.string() })).optional(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });

const RegistrationResult = z.object({
  kid: Kid,
  status: z.int().describe('201 created, 200 unchanged, 409 conflict'),
  outcome: z.enum(['created', 'unchanged', 'conflict']),
  record: KeyRecord.optional(),
  problem: z.string().optional().describe('Why the key was refused'),
});

export const RegistrationResults = z.object({ results: z.array(RegistrationResult) });

export const StoredKeys = z.object({ items: z.array(StoredKeyBody) });

const page = {
  cursor: z.string().max(2048).optional().describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
};

export const KeyQuery = z.strictObject({
  kid: Kid.optional(),
  contentId: name.optional(),
  label: name.optional(),
  state: State.optional(),
  algorithm: Algorithm.optional(),
  period: PeriodQuery,
  ...page,
});

export const ContentQuery = z.strictObject({
  contentId: name,
  algorithm: Algorithm.optional(),
  period: PeriodQuery,
});

export const AuditQuery = z.strictObject({ kid: Kid.optional(), contentId: name.optional(), ...page });

const next = z.string().optional().describe('Cursor of the next page; absent on the last');

export const KeyPage = z.object({ items: z.array(KeyRecord), next });

export const AuditPage = z.object({
  items: z.array(
    z.object({
      id: z.int(),
      at: timestamp,
      actor: z.string(),
      operation: z.string(),
      kid: Kid.optional().describe('Absent when the entry is of no key'),
      contentId: z.string().optional(),
      checksum: Checksum.optional(),
      outcome: z.enum(['done', 'unchanged', 'conflict', 'failed']),
    }),
  ),
  next,
});

import { PrpackError } from '../../errors.js';
import { checkOptions } from '../../settings/check.js';
import { named } from '../../settings/spelling.js';
import type { KeyScheme } from '../algorithm.js';
import type { KeyId } from '../key-id.js';
import {
  type AssignedKey,
  assignTo,
  type KeyLookup,
  type KeySource,
  type TrackKeyRequest,
} from '../key-source.js';
import type { CpixContentKey, CpixDocument, CpixUsageRule } from './document.js';
import { ruleVerdict } from './match.js';
import { protectionOf, signallingOf } from './protection.js';

export interface CpixKeySourceOptions {
  /** Where the document comes from, for messages: a path, or a URL without query. */
  readonly name: string;
  /** Scheme of tracks that do not say theirs. Default `cenc`. A key that is meant for another scheme than its track's is refused. */
  readonly scheme?: KeyScheme;
  /** What reports say of the keys' origin. Default `cpix`. */
  readonly source?: string;
}

/**
 * The keys of a CPIX document. Its usage rules decide which track gets which key; without rules, its only key is for all tracks.
 * @throws (from `assign`) PrpackError KEY_REQUIRED when a track has no key, KEY_INVALID when it has more than one, when a rule cannot
 *   be applied, or when the key is meant for another scheme
 */
export function cpixKeySource(document: CpixDocument, options: CpixKeySourceOptions): KeySource & KeyLookup {
  checkOptions('cpixKeySource', options);
  const keyOf = (kid: KeyId) => document.contentKeys.find((entry) => entry.kid === kid);
  return {
    canRotate: document.usageRules.some(({ keyPeriodFilters }) => keyPeriodFilters.length > 0),
    async assign(requests) {
      assertUsableRules(document, options);
      return requests.map((request) => assignByRules(document, withScheme(request, options), options));
    },
    async find(kid) {
      return keyOf(kid)?.key;
    },
  };
}

/** A track with its scheme, which is known from here on. */
type SchemedRequest = TrackKeyRequest & { readonly scheme: KeyScheme };

function withScheme(
  request: TrackKeyRequest,
  { scheme: otherwise = 'cenc' }: CpixKeySourceOptions,
): SchemedRequest {
  return { ...request, scheme: request.scheme ?? otherwise };
}

/** "shall not perform Content Key(s) mapping [...] if any unusable usage rules exist" (CPIX 2.4, "Usage Rules Filters"). */
function assertUsableRules({ usageRules }: CpixDocument, { name }: CpixKeySourceOptions): void {
  for (const [i, { kid, unknownFilters }] of usageRules.entries()) {
    if (unknownFilters.length === 0) continue;
    throw new PrpackError(
      'KEY_INVALID',
      `${name}: usage rule ${i + 1} (KID ${kid}) has a filter that is not known`,
      {
        expected: 'KeyPeriodFilter, LabelFilter, VideoFilter, AudioFilter, BitrateFilter',
        received: unknownFilters.join(', '),
        clause: 'DASH-IF CPIX 2.4, Usage Rules Filters',
        remedy: 'Have the document issued with filters of the standard only.',
      },
    );
  }
}

function assignByRules(
  document: CpixDocument,
  request: SchemedRequest,
  options: CpixKeySourceOptions,
): AssignedKey {
  const rules = rulesFor(document, request, options);
  const candidates = document.usageRules.length > 0 ? kidsOf(rules) : allKids(document);
  const kids = ofScheme(candidates, document, request);
  const [kid] = kids;
  if (kids.length > 1) throw ambiguous(kids, request, options);
  if (kid === undefined) throw noKey(document, request, options);
  const contentKey = document.contentKeys.find((entry) => entry.kid === kid);
  if (!contentKey?.key) throw noValue(kid, request, options);
  assertScheme(contentKey, request, options);
  const label = labelOf(rules.filter((rule) => rule.kid === kid));
  return assignTo(request, {
    kid,
    key: contentKey.key,
    source: options.source ?? 'cpix',
    protection: protectionOf(document, kid, options.name),
    ...signallingOf(document, kid, options.name),
    ...(label !== undefined && { label }),
  });
}

/** Where a document has keys of several schemes for a track: those of its scheme. */
function ofScheme(
  kids: readonly KeyId[],
  { contentKeys }: CpixDocument,
  { scheme }: SchemedRequest,
): readonly KeyId[] {
  const schemeOf = new Map(contentKeys.map((entry) => [entry.kid, entry.commonEncryptionScheme]));
  const fitting = kids.filter((kid) => (schemeOf.get(kid) ?? scheme) === scheme);
  return fitting.length > 0 ? fitting : kids;
}

function allKids({ contentKeys }: CpixDocument): KeyId[] {
  return contentKeys.map(({ kid }) => kid);
}

/** `ALL` is what SPEKE calls a key that is for every track: such a key has no label. */
function labelOf(rules: readonly CpixUsageRule[]): string | undefined {
  return rules.map(({ intendedTrackType }) => intendedTrackType).find((type) => type && type !== 'ALL');
}

/** The rules that are for a track. */
function rulesFor(
  { usageRules, keyPeriods }: CpixDocument,
  request: TrackKeyRequest,
  { name }: CpixKeySourceOptions,
): CpixUsageRule[] {
  return usageRules.filter((rule, i) => {
    const verdict = ruleVerdict(rule, request, keyPeriods);
    if (typeof verdict === 'string') return verdict === 'match';
    throw new PrpackError(
      'KEY_INVALID',
      `${name}: usage rule ${i + 1} (KID ${rule.kid}) cannot be applied to ${nameOf(request)}`,
      {
        expected: `a known ${verdict.missing}`,
        clause: 'DASH-IF CPIX 2.4, Usage Rules Filters',
        remedy: `Have the document issued without a filter by ${verdict.missing}.`,
      },
    );
  });
}

function kidsOf(rules: readonly CpixUsageRule[]): KeyId[] {
  return [...new Set(rules.map(({ kid }) => kid))];
}

function ambiguous(
  kids: readonly KeyId[],
  request: TrackKeyRequest,
  { name }: CpixKeySourceOptions,
): PrpackError {
  return new PrpackError(
    'KEY_INVALID',
    `${name}: more than one key for ${nameOf(request)}: ${kidList(kids)}`,
    {
      expected: 1,
      received: kids.length,
      remedy: 'Have the document issued with usage rules that give every track exactly one key.',
    },
  );
}

function noKey(
  document: CpixDocument,
  request: TrackKeyRequest,
  { name }: CpixKeySourceOptions,
): PrpackError {
  const candidates = allKids(document);
  const among = candidates.length === 0 ? 'the document has no keys' : `none of ${kidList(candidates)}`;
  return new PrpackError('KEY_REQUIRED', `${name}: no key for ${nameOf(request)}: ${among}`, {
    remedy: `Have the document issued with a usage rule for this track, or leave the track clear with ${named('tracks')}.`,
  });
}

function noValue(kid: KeyId, request: TrackKeyRequest, { name }: CpixKeySourceOptions): PrpackError {
  return new PrpackError(
    'KEY_REQUIRED',
    `${name}: KID ${kid} is for ${nameOf(request)}, but its key is not there`,
    {
      remedy: 'The document only asks for keys: send it to the key server, and give the answer here.',
    },
  );
}

function assertScheme(
  { kid, commonEncryptionScheme }: CpixContentKey,
  { scheme }: SchemedRequest,
  { name }: CpixKeySourceOptions,
): void {
  if (!commonEncryptionScheme || scheme === commonEncryptionScheme) return;
  throw new PrpackError('KEY_INVALID', `${name}: KID ${kid} is meant for another encryption scheme`, {
    expected: scheme,
    received: commonEncryptionScheme,
    remedy: `Encrypt with the scheme ${commonEncryptionScheme}, or have keys issued for ${scheme}.`,
  });
}

/** At most five, for a document may list thousands. */
function kidList(kids: readonly KeyId[]): string {
  const more = kids.length > 5 ? ` and ${kids.length - 5} more` : '';
  return kids.slice(0, 5).join(', ') + more;
}

function nameOf({ trackId, type, label, width, height, period }: TrackKeyRequest): string {
  const facts = [
    label,
    width !== undefined && height !== undefined ? `${width}x${height}` : undefined,
    period && `crypto period ${period.index}`,
  ];
  const known = facts.filter((fact) => fact !== undefined).join(', ');
  return `${type} track ${trackId}${known ? ` (${known})` : ''}`;
}

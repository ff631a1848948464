import { toBase64 } from '../../bytes/hex.js';
import { PLAYREADY_TEST_LA_URL } from '../../drm/playready/key-seed.js';
import type { ContentKey } from '../content-key.js';
import type { KeyId } from '../key-id.js';
import { momentMs } from './moment.js';
import type { OutputProtectionLevels, Policy } from './policy.js';

/** A license acquisition URL of Microsoft's public test server. */
export interface TestLaUrl {
  /** WARNING: the content key stands in it. */
  readonly url: string;
  /** Words of the policy that cannot be given to the test server in a URL. */
  readonly leftOut: readonly string[];
}

type Word = keyof Policy;
/** Text of a parameter without its name. */
type Written = string | number | boolean;

const LEVELS: Readonly<Record<keyof OutputProtectionLevels, string>> = {
  compressedDigitalAudio: 'caopl',
  uncompressedDigitalAudio: 'ucaopl',
  compressedDigitalVideo: 'cvopl',
  uncompressedDigitalVideo: 'ucvopl',
  analogVideo: 'avopl',
};

/** Parameters by policy word, in the order they are written (Microsoft, "Query String Syntax for PlayReady Test Server"). */
const PARAMETERS: {
  readonly [W in Word]?: (value: NonNullable<Policy[W]>, issuedAtMs: number) => [string, Written][];
} = {
  minSecurityLevel: (level) => [['sl', level]],
  persist: (value) => [['persist', value]],
  beginDate: (moment, at) => [['begindate', dateText(moment, at)]],
  expiration: (moment, at) => [['expiration', dateText(moment, at)]],
  expireAfterFirstPlay: (seconds) => [['firstexp', seconds]],
  realTimeExpiration: (value) => [['realtime', value]],
  removalDate: (moment, at) => [['removaldate', dateText(moment, at)]],
  outputProtectionLevels: (levels) =>
    Object.entries(levels).map(([output, level]) => [LEVELS[output as keyof OutputProtectionLevels], level]),
  playEnablers: (ids) => [['playenablers', `(${ids.join(',')})`]],
  sourceId: (id) => [['sourceid', id]],
};

/**
 * The URL that makes Microsoft's public test server issue a license for exactly this key and policy. Moments that count from issuance
 * are taken from `issuedAt`. It is for tests only: anyone who sees the URL has the key.
 */
export function testLaUrl(
  kid: KeyId,
  key: ContentKey,
  policy: Policy,
  algorithm: 'AESCTR' | 'AESCBC',
  issuedAt = new Date(),
): TestLaUrl {
  const words = Object.keys(PARAMETERS) as Word[];
  const parameters: [string, Written][] = [
    ['kid', kid],
    ['contentkey', toBase64(key.revealBytes())],
    ...(algorithm === 'AESCBC' ? ([['ckt', 'aes128bitcbc']] as [string, Written][]) : []),
    ...words.flatMap((word) => writeWord(word, policy, issuedAt.getTime())),
  ];
  const leftOut = (Object.keys(policy) as Word[]).filter(
    (word) => policy[word] !== undefined && policy[word] !== false && !words.includes(word),
  );
  const cfg = parameters.map(([name, value]) => `${name}:${value}`).join(',');
  return { url: `${PLAYREADY_TEST_LA_URL}?cfg=(${cfg})`, leftOut };
}

function writeWord<W extends Word>(word: W, policy: Policy, issuedAtMs: number): [string, Written][] {
  const value = policy[word];
  return value === undefined ? [] : PARAMETERS[word]!(value as NonNullable<Policy[W]>, issuedAtMs);
}

/** yyyymmddhhmmss in UTC. */
function dateText(moment: string, issuedAtMs: number): string {
  const ms = momentMs(moment, issuedAtMs);
  if (ms === undefined) throw new RangeError('the policy was not checked');
  return new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

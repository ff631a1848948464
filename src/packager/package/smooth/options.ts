import { PrpackError } from '../../../errors.js';
import { named } from '../../../settings/spelling.js';
import type { KeyPer } from '../../types.js';
import { schemesOf } from '../schemes.js';
import type { PackageOptions } from '../types.js';

/**
 * Refuses what Smooth Streaming cannot have, before an input is opened.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function assertSmoothCanHave(options: PackageOptions): void {
  const { smooth = false, ivSize = 8, systems = ['playready'], keyPer = 'none' } = options;
  if (!smooth) return;
  const schemes = schemesOf(options);
  if (!schemes.includes('cenc')) throw refusal('content of the scheme cenc', 'scheme', 'cenc', schemes[0]);
  if (ivSize !== 8) throw refusal('IVs of 8 bytes', 'ivSize', 8, ivSize);
  if (!systems.includes('playready')) throw refusal('PlayReady', 'systems', 'playready', systems.join());
  if (keyPer !== 'none') throw refusal('one key for all tracks', 'keyPer', 'none', keyPer);
}

/** Tracks of a title that share a key. Clients of Smooth Streaming know one key: the KID is in the manifest alone. */
export function keyPerOf({ keyPer, smooth = false }: PackageOptions): KeyPer {
  return keyPer ?? (smooth ? 'none' : 'type');
}

function refusal(
  what: string,
  option: Parameters<typeof named>[0],
  expected: string | number,
  received: string | number,
): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `clients of Smooth Streaming know ${what} only`, {
    expected,
    received,
    remedy: `Choose ${named(option, expected)}, or leave ${named('smooth')} out.`,
  });
}

import { type BuildableSystem, buildProtectionData } from '../drm/build.js';
import { writePssh } from '../isobmff/boxes/pssh.js';
import type { KeyScheme } from '../keys/algorithm.js';
import type { OpenedKey } from './content-keys.js';

export interface ProtectionContent {
  readonly keys: readonly OpenedKey[];
  readonly scheme: KeyScheme;
  /** License acquisition URL. */
  readonly laUrl?: string;
  /** The provider's name of the content, for Widevine. */
  readonly contentId?: string;
}

/** What a protection system's `pssh` box carries: of PlayReady, the PlayReady Object. */
export function systemData(system: BuildableSystem, content: ProtectionContent): Uint8Array {
  return build(system, content).data;
}

/** The whole `pssh` box. */
export function psshBox(system: BuildableSystem, content: ProtectionContent): Uint8Array {
  return writePssh(build(system, content));
}

function build(system: BuildableSystem, { keys, scheme, laUrl, contentId }: ProtectionContent) {
  const { protection } = buildProtectionData(system, {
    keys: keys.map(({ record, key }) => ({ kid: record.kid, key: key.revealBytes() })),
    scheme,
    ...(laUrl !== undefined && { playready: { laUrl } }),
    ...(contentId !== undefined && { contentId: Buffer.from(contentId, 'utf8') }),
  });
  return protection;
}

import { createHash } from 'node:crypto';
import { buildProtectionData } from '../../src/drm/build.js';
import { SYSTEM_IDS } from '../../src/drm/system-ids.js';
import { writePssh } from '../../src/isobmff/boxes/pssh.js';
import { ContentKey } from '../../src/keys/content-key.js';
import type { CpixDocument } from '../../src/keys/cpix/document.js';
import { readCpix } from '../../src/keys/cpix/reader.js';
import { writeCpix } from '../../src/keys/cpix/writer.js';
import { type KeyId, parseKeyId } from '../../src/keys/key-id.js';
import type { Answer } from './http/servers.js';

/** What stands in the PlayReady headers of the provider, and in none that prpack makes by itself. */
export const PROVIDER_LA_URL = 'https://license.provider.example/rightsmanager.asmx?cid=7';
export const PROVIDER_ATTRIBUTES = '<ContentTier>gold</ContentTier>';

export interface ProviderKey {
  readonly kid: KeyId;
  readonly key: ContentKey;
}

/** The provider's key for a class of tracks of a content: always the same. */
export function providerKey(contentId: string, trackClass: string): ProviderKey {
  const hex = createHash('sha256').update(`${contentId} ${trackClass}`).digest('hex');
  return { kid: parseKeyId(hex.slice(0, 32)), key: ContentKey.fromHex(hex.slice(32)) };
}

/** The provider's data for some keys: the PlayReady Object, or what a Widevine box holds. */
export function providerData(system: 'playready' | 'widevine', ...keys: readonly ProviderKey[]) {
  return buildProtectionData(system, {
    keys: keys.map(({ kid, key }) => ({ kid, key: key.revealBytes() })),
    scheme: 'cenc',
    contentId: Buffer.from('of the provider'),
    playready: { laUrl: PROVIDER_LA_URL, customAttributes: PROVIDER_ATTRIBUTES },
  }).protection;
}

/** The same as a whole box. */
export function providerPssh(system: 'playready' | 'widevine', ...keys: readonly ProviderKey[]): Uint8Array {
  return writePssh(providerData(system, ...keys));
}

/** A SPEKE key provider that puts KIDs of its own in the place of those it is asked for. */
export function spekeProvider(change: (answer: CpixDocument) => CpixDocument = (answer) => answer): Answer {
  return ({ body, headers }, response) => {
    const asked = readCpix(body);
    const given = new Map(
      asked.contentKeys.map(({ kid }) => {
        const rule = asked.usageRules.find((entry) => entry.kid === kid);
        return [kid, providerKey(asked.contentId ?? asked.id!, rule?.intendedTrackType ?? 'ALL')];
      }),
    );
    const swap = <T extends { readonly kid: KeyId }>(entry: T): T => ({
      ...entry,
      kid: given.get(entry.kid)!.kid,
    });
    const answer = change({
      ...asked,
      contentKeys: asked.contentKeys.map((entry) => ({ ...entry, ...given.get(entry.kid)! })),
      drmSystems: asked.drmSystems.map((system) => ({
        ...swap(system),
        pssh: providerPssh(
          system.systemId === SYSTEM_IDS.playready ? 'playready' : 'widevine',
          given.get(system.kid)!,
        ),
      })),
      usageRules: asked.usageRules.map(swap),
    });
    response.writeHead(200, { 'x-speke-version': headers['x-speke-version'] });
    response.end(writeCpix(answer, '2.3'));
  };
}

/** A server of the Common Encryption API for Widevine DRM, with data of both systems. */
export function widevineServer(
  change: (tracks: Record<string, unknown>[]) => Record<string, unknown>[] = (tracks) => tracks,
): Answer {
  return ({ body }, response) => {
    const asked = JSON.parse(Buffer.from(JSON.parse(body).request, 'base64').toString());
    const { content_id, tracks, first_crypto_period_index: index, protection_scheme: scheme } = asked;
    const given = tracks.map(({ type }: { type: string }) => {
      const key = providerKey([content_id, index ?? '', scheme].join(' '), type);
      return {
        type,
        key_id: base64(Buffer.from(key.kid.replaceAll('-', ''), 'hex')),
        key: base64(key.key.revealBytes()),
        pssh: [{ drm_type: 'WIDEVINE', data: base64(providerData('widevine', key).data) }],
        ...(index !== undefined && { crypto_period_index: index }),
      };
    });
    const inner = { status: 'OK', tracks: change(given) };
    response.end(JSON.stringify({ response: base64(Buffer.from(JSON.stringify(inner))) }));
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

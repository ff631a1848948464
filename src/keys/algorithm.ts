import { ALG_ID_OF, type AlgId, type ProtectionScheme } from '../drm/playready/alg-id.js';

/** What a key may encrypt with: one KID never serves both, for PlayReady licenses are issued for one of them. */
export type KeyAlgorithm = AlgId;

/** Schemes that keys are for: `cenc` and `cens` encrypt in counter mode, `cbcs` and `cbc1` in CBC mode. */
export type KeyScheme = ProtectionScheme;

/** The algorithm of the keys of a scheme; without one it is `cenc`. */
export function algorithmOf({ scheme = 'cenc' }: { readonly scheme?: KeyScheme }): KeyAlgorithm {
  return ALG_ID_OF[scheme];
}

/** The algorithm of a scheme's keys, by the name that a document or message has for the scheme; undefined for an unknown name. */
export function algorithmOfName(name: string): KeyAlgorithm | undefined {
  return isKeyScheme(name) ? ALG_ID_OF[name] : undefined;
}

export function isKeyScheme(name: string): name is KeyScheme {
  return Object.hasOwn(ALG_ID_OF, name);
}

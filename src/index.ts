/** The library: encrypt, decrypt and inspect MP4 files, build and read DRM headers, and say where keys come from. */

export * from './core.js';
export { prettyPlayReadyHeader } from './drm/playready/pretty.js';
export { type ErrorCode, type ErrorDetails, exitCodeOf, PrpackError } from './errors.js';
export { ContentKey } from './keys/content-key.js';
export { type CpixKeySourceOptions, cpixKeySource } from './keys/cpix/key-source.js';
export { fetchCpix, readCpixCertificate, readCpixFile, readCpixPrivateKey } from './keys/cpix/load.js';
export { type CpixReadOptions, readCpix } from './keys/cpix/reader.js';
export { describeUrl } from './keys/http/location.js';
export type {
  AssignedKey,
  GivenProtection,
  GivenSignalling,
  KeyLookup,
  KeySource,
  TrackKeyRequest,
} from './keys/key-source.js';
export { PackagingDataKeySource, type PackagingDataOptions } from './keys/packaging-data/key-source.js';
export { checkPolicy, loadPolicy } from './keys/policy/load.js';
export { BUILT_IN_POLICIES, type Policy } from './keys/policy/policy.js';
export { type TestLaUrl, testLaUrl } from './keys/policy/test-url.js';
export { randomKeySource } from './keys/random.js';
export { SpekeKeySource, type SpekeOptions } from './keys/speke/key-source.js';
export { WidevineKeySource, type WidevineOptions } from './keys/widevine/key-source.js';
export {
  environmentWidevineSigningKey,
  readWidevineSigningKey,
  WidevineSigningKey,
} from './keys/widevine/signing-key.js';
export { type CopyKeyStoreOptions, copyKeyStore, type KeyStoreCopy } from './keystore/copy/copy-key-store.js';
export {
  cpixWriter,
  exportKeys,
  type KeyWriter,
  keyFileWriter,
  type OpenedKey,
  type RevealedKey,
  revealKey,
} from './keystore/export-keys.js';
export { type Import, type ImportedKey, importKeys } from './keystore/import-keys.js';
export { createKekFile, KEK_VARIABLE, moveKekToFile, rotateKekFile } from './keystore/kek.js';
export { createKekByCommand } from './keystore/kek-command.js';
export type {
  AuditEntry,
  AuditFilter,
  KeyAlgorithm,
  KeyFilter,
  KeyRecord,
  KeyRegistration,
  KeyState,
  KeyStore,
  Page as KeyStorePage,
  PageRequest as KeyStorePageRequest,
  PublishedOutput,
  RegisteredKey,
  StoredKey,
} from './keystore/key-store.js';
export { defaultKekPath, defaultKeyStorePath } from './keystore/paths.js';
export { pruneAudit } from './keystore/prune-audit.js';
export { encryptBatch } from './packager/batch/batch.js';
export type * from './packager/batch/types.js';
export { decrypt } from './packager/decrypt.js';
export { inspect } from './packager/inspect.js';
export type * from './packager/manifest/types.js';
export { writeManifests } from './packager/manifest/write-manifests.js';
export { packageTitle } from './packager/package/package-title.js';
export { readTitleFile } from './packager/package/read-title-file.js';
export type * from './packager/package/types.js';
export type * from './packager/types.js';
export {
  type BuildPsshOptions,
  type BuiltPssh,
  buildPssh,
  type ParsePsshOptions,
  parsePssh,
} from './protection/pssh.js';
export type {
  ParsedPssh,
  PlayReadyKeyReport,
  PlayReadyOptions,
  PlayReadyReport,
  ProtectionOptions,
  ProtectionSystem,
  PsshReport,
  SignalledSystem,
  TrackSelector,
} from './protection/types.js';

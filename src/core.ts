/**
 * The part of the library that encrypting a file takes, so that `prpack encrypt` loads no more: `index.ts` has it all. What stands here
 * imports no key provider and no other entry point.
 */

export { PLAYREADY_TEST_KEY_SEED_BASE64, PLAYREADY_TEST_LA_URL } from './drm/playready/key-seed.js';
export { environmentKeySource } from './keys/environment.js';
export { givenKeySource, givenKeyTexts } from './keys/given.js';
export { HttpClient, type HttpClientOptions } from './keys/http/client.js';
export { environmentSecretHeader, readSecretHeader, SecretHeader } from './keys/http/secret-header.js';
export { KeyFile, type KeyFileEntry, parseKeyFile, readKeyFile } from './keys/key-file.js';
export { type KeyId, newKeyId, parseKeyId } from './keys/key-id.js';
export { KeySeed, keySeedSource, readKeySeedFile } from './keys/key-seed.js';
export { KEY_STORE_VARIABLE, type OpenKeyStoreOptions, openKeyStore } from './keystore/open.js';
export { storedContentSource, storedKeyLookup, storedKeySource } from './keystore/stored-keys.js';
export { encrypt } from './packager/encrypt.js';
export { type KeyLookupTools, openKeyLookup } from './packager/key-lookup.js';
export { type EncryptStreamOptions, encryptStream } from './packager/stream/encrypt-stream.js';

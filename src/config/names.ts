/**
 * Settings that a configuration file or the environment can give. Each has the name of the long option that it stands in for, in
 * camel case, and counts for every command that has this option.
 */
export const SETTING_NAMES = [
  'keyStore',
  'kekFile',
  'register',
  'keyPer',
  'policy',
  'keyFile',
  'keySeedFile',
  'cpix',
  'cpixPrivateKey',
  'cpixAuth',
  'spekeUrl',
  'spekeVersion',
  'spekeAuth',
  'packagingDataUrl',
  'packagingDataAuth',
  'tlsCa',
  'tlsCert',
  'tlsKey',
  'layout',
  'fragmentDuration',
  'ivSize',
  'systems',
  'laUrl',
  'luiUrl',
  'dsId',
  'customAttributes',
  'playreadyVersion',
  'checksum',
  'reserveLicenseStore',
  'decryptorSetup',
] as const;

export type SettingName = (typeof SETTING_NAMES)[number];

/** `PRPACK_LA_URL` for `laUrl`. */
export function variableOf(name: SettingName): string {
  return `PRPACK_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Variables that hold a secret itself, and so are read where it is needed. No configuration file holds one. */
export const SECRET_VARIABLES: readonly string[] = [
  'PRPACK_KEY',
  'PRPACK_KEK',
  'PRPACK_KEY_STORE_TOKEN',
  'PRPACK_CPIX_AUTH',
  'PRPACK_SPEKE_AUTH',
  'PRPACK_PACKAGING_DATA_AUTH',
];

/**
 * Settings of which one makes the others idle: what a later layer says of any of them ends what an earlier one said. A variable among
 * them counts as the environment's.
 */
export const RIVALS: readonly (readonly string[])[] = [
  ['keyFile', 'keySeedFile', 'cpix', 'spekeUrl', 'packagingDataUrl', 'key', 'playreadyTest', 'PRPACK_KEY'],
  ['keyFile', 'cpix', 'spekeUrl', 'packagingDataUrl', 'kid'],
  ['kekFile', 'PRPACK_KEK'],
  ['cpixAuth', 'PRPACK_CPIX_AUTH'],
  ['spekeAuth', 'PRPACK_SPEKE_AUTH'],
  ['packagingDataAuth', 'PRPACK_PACKAGING_DATA_AUTH'],
];

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

/** Variables that hold a secret. No configuration file does. */
export const SECRET_VARIABLES = ['PRPACK_KEY', 'PRPACK_KEK'] as const;

/**
 * Settings of which one makes the others idle: what a later layer says of any of them ends what an earlier one said. A variable among
 * them counts as the environment's.
 */
export const RIVALS: readonly (readonly string[])[] = [
  ['keyFile', 'keySeedFile', 'key', 'playreadyTest', 'PRPACK_KEY'],
  ['keyFile', 'kid'],
  ['kekFile', 'PRPACK_KEK'],
];

import { nearest } from './nearest.js';
import { SETTINGS, variableOf } from './options.js';
import { presentableName } from './secrets.js';

/** A variable that is no setting, and what it is for. */
interface Variable {
  readonly name: string;
  /** Whether it holds a secret itself, and so is read where it is needed. No configuration file holds one. */
  readonly isSecret?: true;
}

const OTHER_VARIABLES: readonly Variable[] = [
  { name: 'PRPACK_KID' },
  { name: 'PRPACK_KEY', isSecret: true },
  { name: 'PRPACK_KEK', isSecret: true },
  { name: 'PRPACK_KEY_STORE_TOKEN', isSecret: true },
  { name: 'PRPACK_KEY_STORE_TOKEN_FILE' },
  { name: 'PRPACK_KEY_STORE_CA_FILE' },
  { name: 'PRPACK_KEY_STORE_CERT_FILE' },
  { name: 'PRPACK_KEY_STORE_CERT_KEY_FILE' },
];

const SECRETS_OF_SETTINGS = SETTINGS.flatMap(({ secretVariable }) => secretVariable ?? []);

/** Variables that hold a secret. */
export const SECRET_VARIABLES: readonly string[] = [
  ...OTHER_VARIABLES.filter(({ isSecret }) => isSecret).map(({ name }) => name),
  ...SECRETS_OF_SETTINGS,
];

/** All variables that prpack reads. */
export const VARIABLES: readonly string[] = [
  ...SETTINGS.flatMap((setting) => variableOf(setting) ?? []),
  ...OTHER_VARIABLES.map(({ name }) => name),
  ...SECRETS_OF_SETTINGS,
];

/** A sentence for each variable that begins like ours and is none of ours. Their values may be anything, and are not repeated. */
export function variableWarnings(environment: Readonly<Record<string, string | undefined>>): string[] {
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith('PRPACK_') && !VARIABLES.includes(name),
  );
  return unknown.map((name) => {
    const shown = presentableName(name);
    const meant = nearest(name, VARIABLES);
    const question = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    return `The variable ${shown ?? 'with a long name that begins with PRPACK_'} is unknown${question}.`;
  });
}

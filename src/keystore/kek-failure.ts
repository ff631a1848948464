import { PrpackError } from '../errors.js';
import { named } from '../settings/spelling.js';

/** There is no KEK, and none may be made: `wantedId` is what the store's keys are wrapped under. */
export function missingKek(name: string, wantedId: string | undefined): PrpackError {
  const of =
    wantedId === undefined ? '' : ` with id ${wantedId}, which the key store's keys are wrapped under`;
  return new PrpackError('KEY_REQUIRED', `${name}: there is no key-encryption key (KEK)${of}`, {
    ...(wantedId === undefined ? {} : { expected: wantedId }),
    remedy: `Restore the KEK file from a backup, or give the KEK with ${named('kekFile')} or PRPACK_KEK. Without it the keys cannot be opened; a new one does not help.`,
  });
}

/** The user named a KEK file for a new key store, and it is not there. */
export function noKekYet(path: string): PrpackError {
  return new PrpackError(
    'KEY_REQUIRED',
    `${path}: there is no key-encryption key (KEK) for the new key store`,
    {
      remedy: `Make one with \`openssl rand -hex 32 > ${path}; chmod 600 ${path}\`, or give the one that you have.`,
    },
  );
}

/** There is a KEK, but it is not the one in question. */
export function strangeKek(wantedId: string, givenId: string, name: string): PrpackError {
  return new PrpackError(
    'KEY_INVALID',
    `${name}: this key-encryption key (KEK) has the id ${givenId}, but the key store uses ${wantedId}`,
    {
      expected: wantedId,
      received: givenId,
      remedy:
        'Give the KEK with that id, or keep its file next to the present one, with a dot and the id behind the name. When `prpack keys rewrap` is running or was stopped, let it finish first.',
    },
  );
}

/** The store keeps the KEK wrapped, and nobody named the program that opens it. */
export function keptWrapped(wantedId: string): PrpackError {
  return new PrpackError(
    'KEY_REQUIRED',
    `the key store's keys are wrapped under a key-encryption key (KEK) that a KEK command has wrapped, with the id ${wantedId}`,
    { expected: wantedId, remedy: `Name that program with ${named('kekCommand')}.` },
  );
}

/** A KEK command opened something, but not what the store keeps. */
export function otherKekOpened(program: string, wantedId: string, givenId: string): PrpackError {
  return new PrpackError(
    'KEY_INVALID',
    `the KEK command ${program} opened a key-encryption key (KEK) with the id ${givenId}, and not the one with the id ${wantedId}`,
    {
      path: program,
      expected: wantedId,
      received: givenId,
      remedy: 'Name the program that wrapped the KEK, with the same key of its key management service.',
    },
  );
}

import { PrpackError } from '../../errors.js';

export function sameStore(location: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `a key store cannot be copied to itself: ${location}`, {
    remedy: 'Name another key store to copy to.',
  });
}

export function noStoreAt(location: string): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `there is no key store to copy from: ${location}`, {
    remedy: 'Check the location; a key store is made with its first key.',
  });
}

export function otherKey(kid: string, from: string, to: string): PrpackError {
  return new PrpackError(
    'KEY_CONFLICT',
    `${to} holds KID ${kid} otherwise than ${from}, of which it is to be a copy`,
    { remedy: OWN_REMEDY },
  );
}

export function otherEntry(from: string, to: string): PrpackError {
  return new PrpackError(
    'KEY_CONFLICT',
    `the audit of ${to} goes on after that of ${from}, of which it is to be a copy`,
    { remedy: OWN_REMEDY },
  );
}

const OWN_REMEDY =
  'Copy to a key store that is new, or that nobody has used since an earlier copy. Keys can be added to one in use with `prpack keys export` and `prpack keys import`.';

export function unlikeCopy(what: string, from: string, to: string): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `${to} is not like ${from} after the copy: ${what} differs`, {
    remedy:
      'Stop what writes to either of them, and copy again: what is there already is not copied a second time.',
  });
}

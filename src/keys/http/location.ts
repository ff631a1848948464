import { PrpackError } from '../../errors.js';

const LONGEST = 200;

/** A URL as messages show it: without user, password, query and fragment, which may be secrets. */
export function describeUrl(url: string | { readonly href: string }): string {
  const { protocol, host, pathname } = new URL(typeof url === 'string' ? url : url.href);
  const text = `${protocol}//${host}${pathname}`;
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/**
 * The address of a server. The text is repeated in no error, for it may hold a secret.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function parseServerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new PrpackError(
      'INVALID_ARGUMENT',
      'the address of the server is not an absolute http or https URL',
      {
        remedy: 'Give the whole URL, such as https://keys.example.com/speke/v2.0/copyProtection.',
      },
    );
  }
  if (url.username === '' && url.password === '') return url;
  throw new PrpackError('INVALID_ARGUMENT', `the URL has a user name or password: ${describeUrl(url)}`, {
    remedy:
      'Take them out of the URL, where logs would show them, and give an authorization header from a file or from the environment.',
  });
}

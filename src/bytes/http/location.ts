import { PrpackError } from '../../errors.js';

/** Where a file is to be had, as plain data that a thread can be sent. */
export interface HttpLocation {
  readonly kind: 'http';
  /** Without user and password. */
  readonly url: string;
  /** `Authorization` header for user and password of the URL. */
  readonly authorization?: string;
  /** The URL as messages show it: its query may be a signature, as good as a password. */
  readonly shown: string;
}

/** Whether an input is a URL to fetch, and no path. */
export function isHttpUrl(input: string): boolean {
  return /^https?:\/\//i.test(input);
}

/** @throws PrpackError INVALID_ARGUMENT, which does not repeat the text */
export function parseHttpLocation(text: string): HttpLocation {
  if (!URL.canParse(text)) {
    throw new PrpackError('INVALID_ARGUMENT', 'the URL of the input cannot be read', {
      remedy: 'Give an absolute URL, such as https://media.example.com/film.mp4; write spaces as %20.',
    });
  }
  const url = new URL(text);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  const shown = `${url.protocol}//${url.host}${url.pathname}`;
  if (username === '' && password === '') return { kind: 'http', url: url.href, shown };
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return { kind: 'http', url: url.href, authorization, shown };
}

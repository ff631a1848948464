import { PrpackError } from '../../errors.js';

/** Where an object of S3 is, as plain data that a thread can be sent. */
export interface S3Location {
  readonly kind: 's3';
  readonly bucket: string;
  /** As it is: nothing in it is decoded. */
  readonly key: string;
  /** `s3://bucket/key` */
  readonly shown: string;
}

const SCHEME = 's3://';

/** Whether a name is that of an object or a prefix of S3, and no path. */
export function isS3Url(name: string): boolean {
  return name.slice(0, SCHEME.length).toLowerCase() === SCHEME;
}

/**
 * The object that `s3://bucket/key` names.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function parseS3Location(url: string): S3Location {
  const location = parseS3Prefix(url);
  if (location.key !== '' && !location.key.endsWith('/')) return location;
  throw new PrpackError('INVALID_ARGUMENT', `${url} does not name an object`, {
    expected: 's3://bucket/key',
    received: url,
    remedy: 'Give bucket and key, such as s3://media/films/film-7.mp4.',
  });
}

/**
 * What `s3://bucket/prefix/` names: the key may be empty, or end with a slash.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function parseS3Prefix(url: string): S3Location {
  const [bucket, ...parts] = url.slice(SCHEME.length).split('/');
  const key = parts.join('/');
  // Rules of names, general-purpose buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; other servers allow more.
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    return { kind: 's3', bucket, key, shown: `${SCHEME}${bucket}/${key}` };
  }
  throw new PrpackError('INVALID_ARGUMENT', `${url} has no name of a bucket`, {
    expected: 's3://bucket/key',
    received: url,
    remedy: 'Give bucket and key, such as s3://media/films/film-7.mp4.',
  });
}

import { PrpackError } from '../../errors.js';

/** Value of an attribute: a string is quoted, what `bare` made is not. Undefined ones are left out. */
type Value = string | number | Bare | undefined;

interface Bare {
  readonly bare: string;
}

/**
 * A value that stands without quotes: an enumerated string, a decimal, a resolution, hexadecimal digits
 * (draft-pantos-hls-rfc8216bis 4.2).
 * @example
 * bare('SAMPLE-AES');
 */
export function bare(text: string): Bare {
  return { bare: text };
}

/**
 * A tag with its attribute list, in the order given (draft-pantos-hls-rfc8216bis 4.2).
 * @throws PrpackError INVALID_ARGUMENT for a string that cannot be quoted
 * @example
 * tag('EXT-X-MAP', { URI: 'v.mp4', BYTERANGE: '1648@0' }); // '#EXT-X-MAP:URI="v.mp4",BYTERANGE="1648@0"'
 */
export function tag(name: string, attributes: Readonly<Record<string, Value>>): string {
  const list = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${valueText(value!)}`);
  return `#${name}:${list.join(',')}`;
}

function valueText(value: Exclude<Value, undefined>): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? quoted(value) : value.bare;
}

/** A quoted string has no escapes. */
function quoted(text: string): string {
  if (!/["\r\n]/.test(text)) return `"${text}"`;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    `a playlist cannot carry a text with quotes or line breaks: ${JSON.stringify(text)}`,
    {
      received: text,
      clause: 'draft-pantos-hls-rfc8216bis 4.2',
      remedy: 'Leave quotes and line breaks out of labels; write quotes in URIs as %22.',
    },
  );
}

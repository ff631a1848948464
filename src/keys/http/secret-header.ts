import { PrpackError } from '../../errors.js';
import { readSecretText } from '../file.js';
import { Secret } from '../secret.js';

const HEADER_LINE = /^([A-Za-z0-9][A-Za-z0-9-]*):[ \t]*(.*)$/;

/** A request header that lets someone in, such as `Authorization`. Its value keeps itself closed as a content key does. */
export class SecretHeader extends Secret {
  readonly name: string;
  readonly #value: string;

  private constructor(name: string, value: string) {
    super();
    this.name = name;
    this.#value = value;
  }

  /**
   * Either a whole header line (`X-Api-Key: …`), or the value of `Authorization` alone (`Basic …`, `Bearer …`). `origin` says in
   * errors where the text came from; the text is not repeated.
   * @throws PrpackError KEY_SOURCE_FAILED when it is empty or cannot be a header
   */
  static parse(text: string, origin: string): SecretHeader {
    const trimmed = text.trim();
    const [, name = 'Authorization', value = trimmed] = HEADER_LINE.exec(trimmed) ?? [];
    if (/^[\x20-\x7e]+$/.test(value)) return new SecretHeader(name, value);
    throw new PrpackError('KEY_SOURCE_FAILED', `${origin}: the authorization header has the wrong form`, {
      expected: 'one line of ASCII characters',
      received: `${trimmed.length} characters`,
      remedy: 'Write one line: `Authorization: Bearer <token>`, another header line, or the value alone.',
    });
  }

  /** The value: for requests only. */
  reveal(): string {
    return this.#value;
  }
}

/**
 * The header in a file that holds nothing else.
 * @throws PrpackError KEY_SOURCE_FAILED
 */
export async function readSecretHeader(path: string): Promise<SecretHeader> {
  return SecretHeader.parse(await readSecretText(path, 'file of the authorization header'), path);
}

/**
 * The header in an environment variable; undefined when it is not set or empty.
 * @throws PrpackError KEY_SOURCE_FAILED
 */
export function environmentSecretHeader(
  variable: string,
  environment: Readonly<Record<string, string | undefined>>,
): SecretHeader | undefined {
  const text = environment[variable];
  return text ? SecretHeader.parse(text, variable) : undefined;
}

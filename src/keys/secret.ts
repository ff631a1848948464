import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/** What keeps itself closed: it prints `[redacted]` wherever an object is turned into text. The secret is in a private field. */
export abstract class Secret {
  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** @internal */
  [inspect.custom](): string {
    return REDACTED;
  }
}

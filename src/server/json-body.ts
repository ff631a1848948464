import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.js';

/** Deepest nesting of a request; a registration with a policy needs about six levels. */
const MAX_DEPTH = 32;
/** Values and names of a request; 1000 registrations with policies have about 40,000. Each takes about 0.6 µs. */
const MAX_VALUES = 100_000;

/**
 * Reads JSON bodies. The errors of JSON.parse quote the text around a mistake, which may be a key: they are left out. Nesting
 * and values are counted first, for code that walks the value later would run out of stack or time.
 */
export function addJsonParser(app: FastifyInstance, contentType = 'application/json'): void {
  app.addContentTypeParser(contentType, { parseAs: 'string' }, async (_request: unknown, body: string) =>
    parseJson(body),
  );
}

/** @throws Problem 400 */
export function parseJson(text: string): unknown {
  const { depth, values } = sizeOf(text);
  if (depth > MAX_DEPTH) {
    throw new Problem(400, 'BAD_REQUEST', `the JSON is nested more than ${MAX_DEPTH} deep`);
  }
  if (values > MAX_VALUES) {
    throw new Problem(400, 'BAD_REQUEST', `the JSON has more than ${MAX_VALUES} values`);
  }
  try {
    return JSON.parse(text, MAY_NAME_PROTOTYPE.test(text) ? assertNoPrototypes : undefined);
  } catch {
    throw new Problem(400, 'BAD_REQUEST', 'the body is not JSON that can be taken');
  }
}

/** Deepest nesting of brackets, and how many values and names brackets and separators can hold apart; outside of texts. */
function sizeOf(text: string): { depth: number; values: number } {
  let open = 0;
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfText(text, at);
    else if (character === '[' || character === '{') {
      depth = Math.max(depth, ++open);
      values++;
    } else if (character === ']' || character === '}') open--;
    else if (character === ',' || character === ':') values++;
  }
  return { depth, values };
}

/** Where the quotation mark is that ends the text which begins here. */
function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** Escapes can spell it in other ways. To be called back for each value makes the parser several times slower. */
const MAY_NAME_PROTOTYPE = /__proto__|\\u/;

/** A field of this name would become the prototype of a copy of the value. */
function assertNoPrototypes(name: string, value: unknown): unknown {
  if (name === '__proto__') throw new Error('__proto__');
  return value;
}

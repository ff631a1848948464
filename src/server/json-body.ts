import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.js';

/** Deepest nesting of a request; a registration with a policy needs about six levels. */
const MAX_DEPTH = 32;

/**
 * Reads JSON bodies. The errors of JSON.parse quote the text around a mistake, which may be a key: they are left out. Nesting is
 * counted first, for code that walks the value later would run out of stack.
 */
export function addJsonParser(app: FastifyInstance, contentType = 'application/json'): void {
  app.addContentTypeParser(contentType, { parseAs: 'string' }, async (_request: unknown, body: string) =>
    parseJson(body),
  );
}

/** @throws Problem 400 */
export function parseJson(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) {
    throw new Problem(400, 'BAD_REQUEST', `the JSON is nested more than ${MAX_DEPTH} deep`);
  }
  try {
    return JSON.parse(text, refusePrototypes);
  } catch {
    throw new Problem(400, 'BAD_REQUEST', 'the body is not JSON that can be taken');
  }
}

/** Deepest nesting of brackets outside of texts. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfText(text, at);
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth--;
  }
  return deepest;
}

/** Where the quotation mark is that ends the text which begins here. */
function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** A field of this name would become the prototype of a copy of the value. */
function refusePrototypes(name: string, value: unknown): unknown {
  if (name === '__proto__') throw new Error('__proto__');
  return value;
}

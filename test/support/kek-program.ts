import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Writes a KEK command that wraps by XOR, and notes each question in `<path>.log`.
 * @param fault code that is run before the answer, with `question` and `answer` at hand
 */
export function writeKekProgram(path: string, fault = ''): string {
  writeFileSync(
    path,
    `#!${process.execPath}
const fs = require('node:fs');
const question = JSON.parse(fs.readFileSync(0, 'utf8'));
fs.appendFileSync(${JSON.stringify(`${path}.log`)}, JSON.stringify({ ...question, key: undefined, args: process.argv.slice(2), secret: process.env.PRPACK_KEK }) + '\\n');
const turn = (text) => Buffer.from(text, 'base64').map((byte) => byte ^ 0x5a).toString('base64');
const answer = question.operation === 'wrap'
  ? { version: 1, wrapped: 'fake:' + turn(question.key) }
  : { version: 1, key: turn(question.wrapped.slice(5)) };
${fault}
console.log(JSON.stringify(answer));
`,
  );
  chmodSync(path, 0o755);
  return path;
}

/** What the program was asked, without keys: operations, and what else it was given. */
export function questionsTo(
  path: string,
): { operation: string; kekId: string; args: string[]; secret?: string }[] {
  if (!existsSync(`${path}.log`)) return [];
  const lines = readFileSync(`${path}.log`, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

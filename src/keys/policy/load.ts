import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { PrpackError } from '../../errors.js';
import { BUILT_IN_POLICIES, type Policy } from './policy.js';
import { policySchema } from './schema.js';

type Parse = (text: string) => unknown;

const loadYaml = async (): Promise<Parse> => (await import('yaml')).parse;

/** What parses a policy file, by the end of its name. */
const PARSERS: Readonly<Record<string, () => Promise<Parse>>> = {
  '.json': async () => JSON.parse,
  '.yaml': loadYaml,
  '.yml': loadYaml,
};

/**
 * A policy by its built-in name, or from a JSON or YAML file.
 * @throws PrpackError KEY_SOURCE_FAILED when it cannot be read, INVALID_ARGUMENT, which names every field that is wrong
 */
export async function loadPolicy(nameOrFile: string): Promise<Policy> {
  if (Object.hasOwn(BUILT_IN_POLICIES, nameOrFile)) return BUILT_IN_POLICIES[nameOrFile];
  const parse = await parserFor(nameOrFile);
  const text = await readPolicyFile(nameOrFile);
  return checkPolicy(parseText(text, parse, nameOrFile), nameOrFile);
}

/**
 * Checks the words of a policy. `name` says in errors where it comes from.
 * @throws PrpackError INVALID_ARGUMENT, which names every field that is wrong
 */
export async function checkPolicy(value: unknown, name: string): Promise<Policy> {
  const { z } = await import('zod');
  const result = policySchema(z).safeParse(value);
  if (result.success) return result.data as Policy;
  const problems = result.error.issues.map(({ path, message }) => `${fieldName(path)}: ${message}`);
  throw new PrpackError('INVALID_ARGUMENT', `${name}: ${problems.slice(0, 5).join('; ')}`, {
    remedy: `Correct the policy, or name a built-in one: ${Object.keys(BUILT_IN_POLICIES).join(', ')}.`,
  });
}

/** `playEnablers[0]`, `rootLicense.beginDate`. */
function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return name.replace(/^\./, '') || 'policy';
}

async function parserFor(nameOrFile: string): Promise<Parse> {
  const load = PARSERS[extname(nameOrFile).toLowerCase()];
  if (load) return load();
  throw new PrpackError('INVALID_ARGUMENT', `there is no policy of the name ${nameOrFile}`, {
    expected: `${Object.keys(BUILT_IN_POLICIES).join(', ')}, or a .yaml, .yml or .json file`,
    remedy: 'Name a built-in policy or a policy file.',
  });
}

async function readPolicyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const remedy = 'Check that the policy file exists and that this user may read it.';
    throw new PrpackError(
      'KEY_SOURCE_FAILED',
      `the policy file cannot be read: ${path} (${code})`,
      { path, remedy },
      error,
    );
  }
}

function parseText(text: string, parse: Parse, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new PrpackError('INVALID_ARGUMENT', `${path}: the policy file cannot be parsed: ${reason}`, {
      path,
      remedy: 'Correct the file: a mapping of policy words to values.',
    });
  }
}

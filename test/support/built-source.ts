import { join } from 'node:path';
import { build } from 'rolldown';
import { ROOT } from './samples.js';

/**
 * A source file as a module that plain Node.js can import: dist/ holds no single modules. It goes to node_modules, where it finds the
 * packages that it imports.
 * @param source from src/
 */
export async function builtSource(source: string): Promise<string> {
  const file = join(ROOT, 'node_modules/.cache/prpack-test', source.replace(/\.ts$/, '.js'));
  await build({
    input: join(ROOT, 'src', source),
    platform: 'node',
    external: /^[^./]/,
    output: { file },
    logLevel: 'silent',
  });
  return file;
}

import { pathToFileURL } from 'node:url';
import { configError } from './failure.js';

/**
 * The default export of a JavaScript file. This runs the file: anyone who may write it may do what the user may.
 * @throws PrpackError INVALID_ARGUMENT
 */
export async function importDefault(path: string): Promise<unknown> {
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = 'Run it with node to see where it fails.';
    throw configError(path, `it cannot be loaded: ${reason}`, { remedy }, error);
  }
  if (module.default !== undefined) return module.default;
  throw configError(path, 'it has no default export', { remedy: 'Write `export default { … };`.' });
}

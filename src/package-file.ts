/**
 * A file of this package, such as the code of a thread. This module lies one folder deep wherever it runs: in `src/`, from which the
 * tests import it, and inside a chunk of `dist/`.
 * @param path from the package's own folder, such as `dist/worker.js`
 */
export function packageFile(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

/**
 * The built code beside a module, for a thread: the tests import the sources, which Node.js cannot run.
 * @param file as in an import (`./x.js`)
 * @param moduleUrl `import.meta.url` of the module
 */
export function builtFile(file: string, moduleUrl: string): URL {
  // The last `src` of the path is the project's: a checkout may lie below another one.
  return new URL(
    file,
    moduleUrl.endsWith('.ts') ? moduleUrl.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : moduleUrl,
  );
}

import { expect } from 'vitest';
import { runProcess } from './cli.js';

/** Makes Node print the path of each file of JavaScript that it loads. */
const NAME_FILES = [
  '--import',
  `data:text/javascript,${encodeURIComponent(
    `import fs from 'node:fs';
     const { readFileSync, writeSync } = fs;
     fs.readFileSync = (path, ...rest) => {
       if (typeof path === 'string' && /\\.[cm]?js$/.test(path)) writeSync(2, 'loaded ' + path + '\\n');
       return readFileSync(path, ...rest);
     };`,
  )}`,
];

/** The files of JavaScript that a run of the command line loads after `bin/prpack.js`, in this order. */
export async function filesLoadedBy(...args: readonly string[]): Promise<string[]> {
  const { exitCode, stderr } = await runProcess(args, { nodeArgs: NAME_FILES });
  expect(exitCode).toBe(0);
  const files = [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, path]) => path!);
  expect(files[0]).toMatch(/\/bin\/load-program\.js$/);
  return files;
}

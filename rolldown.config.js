import { readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { defineConfig } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

/**
 * Packages that become part of dist/, because many runs need them: they are devDependencies, and their licenses
 * go into dist/licenses.txt. All others are loaded from node_modules.
 */
const BUNDLED = ['commander', 'mp4box', 'uuid'];

/** Modules of Node.js that few runs need, or none: commander can start programs, which is of no use here. */
const LAZY = ['child_process', 'fs/promises', 'module'];

/**
 * Chunks of what is loaded together, by the modules that reach a module with static imports. It goes into the first chunk whose
 * every list reaches it, so that a chunk imports only those above it. What none of them takes has a chunk for each command or
 * dynamic import.
 */
const CHUNKS = {
  version: [['src/cli/version.ts']],
  // All that writing and fingerprinting threads load.
  writer: [
    [
      'src/packager/execute/writer.ts',
      'src/packager/execute/fingerprint-steps.ts',
      'src/threads/sent-error.ts',
    ],
  ],
  base: [['src/index.ts'], ['src/cli/program.ts', 'src/cli/commands/encrypt.ts']],
  core: [['src/core.ts']], // with the one before, all of the library that encrypting a file loads
  library: [['src/index.ts']],
  cli: [['src/cli/program.ts', 'src/cli/commands/encrypt.ts']],
};

/** Where tsc has put a declaration file for each module, see tsconfig.build.json. */
const DECLARATIONS = 'node_modules/.cache/prpack-types';

const common = {
  checks: { bundlerTimings: false, pluginTimings: false },
  preserveEntrySignatures: 'allow-extension',
  platform: 'node',
  external: (id) => !id.startsWith('.') && !isAbsolute(id) && !BUNDLED.includes(packageOf(id)),
};
const codeSplitting = () => ({
  groups: [{ name: chunkNames(), debugName: 'CHUNKS' }],
  includeDependenciesRecursively: false,
});

/** The library, and the code of threads. */
const library = {
  ...common,
  // Every file lands beside the others in dist/, or src/package-file.ts does not find the package.
  input: {
    index: 'src/index.ts',
    'job-worker': 'src/packager/batch/job-worker.ts',
    fetcher: 'src/bytes/remote/fetcher.ts',
    worker: 'src/packager/execute/worker.ts',
    'fingerprint-worker': 'src/packager/execute/fingerprint-worker.ts',
    'store-worker': 'src/keystore/thread/store-worker.ts',
  },
  plugins: [licenses()],
  output: { dir: 'dist', cleanDir: true, chunkFileNames: '[name].js', codeSplitting: codeSplitting() },
};

/**
 * The command line, in CommonJS, as V8 keeps compiled code of scripts only: see bin/load-program.js, which gives every file its
 * MODULE_URL, and IMPORT, which imports a module that a user names. A name with a hash says all that a file holds.
 */
const commandLine = {
  ...common,
  input: { main: 'src/cli/main.ts' },
  plugins: [computedImports(), lazyBuiltins(), ascii(), functions()],
  transform: { define: { 'import.meta.url': 'MODULE_URL' } },
  output: {
    dir: 'dist',
    format: 'cjs',
    banner: "'use strict';",
    dynamicImportInCjs: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    codeSplitting: codeSplitting(),
  },
};

/** What users see of the types: one file, without what is internal. It needs no other package, not even @types/node. */
const types = {
  checks: { bundlerTimings: false, pluginTimings: false },
  input: { index: `${DECLARATIONS}/index.d.ts` },
  external: (id) => !id.startsWith('.') && !isAbsolute(id),
  plugins: [dts({ dtsInput: true, tsconfig: false })],
  output: { dir: 'dist', entryFileNames: '[name].ts' },
};

export default defineConfig([library, commandLine, types]);

/** `@noble/ciphers` of `@noble/ciphers/aes.js` */
function packageOf(id) {
  return id.match(/^(?:@[^/]+\/)?[^/]+/)?.[0];
}

function chunkNames() {
  const reached = new Map();
  const reach = (roots, context) => {
    if (!reached.has(roots)) reached.set(roots, reachedBy(roots, context));
    return reached.get(roots);
  };
  return (id, context) =>
    Object.keys(CHUNKS).find((name) => CHUNKS[name].every((list) => reach(list, context).has(id))) ?? null;
}

function reachedBy(roots, context) {
  const ids = new Set(roots.map((path) => resolve(path)));
  for (const id of ids) for (const next of context.getModuleInfo(id)?.importedIds ?? []) ids.add(next);
  return ids;
}

/** What is imported by another thing than its name may be a module, which a script cannot import by itself. */
function computedImports() {
  return {
    name: 'computed-imports',
    transform: (code) => code.replace(/\bimport\((?!['"])/g, 'IMPORT('),
  };
}

/** They are loaded where they are used, and not when a file is loaded that can use them: a millisecond or two each. */
function lazyBuiltins() {
  const declaration = new RegExp(
    `^\\s*(?:const|let) (\\w+) = require\\("(node:(?:${LAZY.join('|')}))"\\);\\n`,
    'gm',
  );
  return {
    name: 'lazy-builtins',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        const found = [...file.code.matchAll(declaration)];
        let code = file.code.replace(declaration, '');
        for (const [, name, module] of found) {
          code = code.replace(new RegExp(`\\b${name}\\.`, 'g'), `require("${module}").`);
          if (new RegExp(`\\b${name}\\b`).test(code))
            throw new Error(`${module} is used in another way than by its functions`);
        }
        file.code = code;
      }
    },
  };
}

/** V8 reads text of one byte a character in half the time: what is not ASCII, in strings and comments alone, is escaped. */
function ascii() {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return {
    name: 'ascii',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) file.code = file.code.replace(/[\u0080-\uffff]/g, escaped);
    },
  };
}

/** Each file is a function, so that its text need not be copied to make it one. */
function functions() {
  return {
    name: 'functions',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        file.code = `(function (exports, require, MODULE_URL, IMPORT) {${file.code}\n})`;
      }
    },
  };
}

function licenses() {
  return {
    name: 'licenses',
    generateBundle() {
      const texts = BUNDLED.map((name) => {
        const folder = join('node_modules', name);
        const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
        const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
        return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
      });
      this.emitFile({
        type: 'asset',
        fileName: 'licenses.txt',
        source: texts.join(`\n${'-'.repeat(80)}\n\n`),
      });
    },
  };
}

const fs = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

const DIST = join(__dirname, '../dist');

/**
 * What V8 has compiled of each file, for the Node.js that runs. It lies next to the code and is trusted as the code is: it must be of
 * the code's owner, and nobody else may write to it. V8 takes it only for the version and the flags that it was made with.
 */
const CACHE = join(DIST, 'cache', `${process.version}-${process.arch}`);

/** A name that is made from what the file holds; under any other name, the file may have changed. */
const NAMED_BY_CONTENT = /-[\w-]{8}\.cjs$/;

/**
 * The file that `require` finds by the `exports` of a package, for which Node.js has to load much of what loads modules. Where it is
 * missing, the package is found by its name.
 */
const ENTRIES = new Map([['@photostructure/sqlite', 'dist/index.cjs']]);

const loaded = new Map();
/** Scripts that V8 had no code of, by name. */
const uncached = new Map();

/** What a file of the command line exports, which `dist/` has in CommonJS. */
function loadProgram(name) {
  const known = loaded.get(name);
  if (known) return known;
  const path = join(DIST, name);
  const exports = {};
  loaded.set(name, exports); // before it runs: files may need each other
  const run = scriptOf(name, path).runInThisContext(); // a function: see rolldown.config.js
  run(exports, load, pathToFileURL(path).href, importModule);
  return exports;
}

/** A module of the user, with all that modules may have. */
function importModule(url) {
  return import(url);
}

function load(id) {
  if (id.startsWith('./')) return loadProgram(id.slice(2));
  return ENTRIES.has(id) ? requireEntry(id) : require(id);
}

function requireEntry(id) {
  const paths = require.resolve.paths(id).map((folder) => join(folder, id, ENTRIES.get(id)));
  return require(paths.find((path) => fs.existsSync(path)) ?? id);
}

function scriptOf(name, filename) {
  const source = fs.readFileSync(filename).toString('latin1'); // it is ASCII
  if (!NAMED_BY_CONTENT.test(name)) return new Script(source, { filename });
  const cachedData = readCache(name, filename);
  const script = new Script(source, { filename, cachedData });
  if (!cachedData) {
    if (uncached.size === 0) process.once('exit', writeCache);
    uncached.set(name, script);
  }
  return script;
}

/** Undefined where there is none, or none that may be trusted. */
function readCache(name, filename) {
  let file;
  try {
    file = fs.openSync(join(CACHE, name), 'r');
    const cache = fs.fstatSync(file);
    const code = fs.statSync(filename);
    const isTrusted = cache.uid === code.uid && (cache.mode & 0o022) === 0 && cache.mtimeMs >= code.mtimeMs;
    return isTrusted ? fs.readFileSync(file) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

/** Keeps what V8 has compiled in a run that went well, functions that it compiled late among them. Where that fails, nothing is lost. */
function writeCache(exitCode) {
  if (exitCode !== 0) return;
  try {
    if (fs.statSync(DIST).uid !== process.geteuid()) return;
    fs.mkdirSync(CACHE, { recursive: true, mode: 0o755 });
    for (const [name, script] of uncached) writeWhole(join(CACHE, name), script.createCachedData());
  } catch {}
}

function writeWhole(path, bytes) {
  const draft = `${path}.${process.pid}`;
  try {
    fs.writeFileSync(draft, bytes, { flag: 'wx', mode: 0o644, flush: true });
    fs.renameSync(draft, path);
  } catch (error) {
    fs.rmSync(draft, { force: true });
    throw error;
  }
}

module.exports = { loadProgram };

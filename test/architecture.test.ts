import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/samples.js';

/**
 * Who may import whom, by room: a folder of src/, or a file beside them. Every room but the foundations may also import
 * `bytes`, `errors`, `package-file`, `settings`, and itself. A room that is not listed here fails the test: give it its line.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  cli: ['core', 'index', 'server', 'queue', 'telemetry', 'config'],
  config: [],
  core: ['packager', 'keys', 'keystore', 'drm'],
  index: ['core', 'packager', 'protection', 'keys', 'keystore', 'drm'],
  packager: ['manifest', 'layout', 'protection', 'isobmff', 'cenc', 'drm', 'keys', 'keystore', 'threads'],
  layout: ['protection', 'isobmff', 'cenc'],
  protection: ['isobmff', 'bitstream', 'cenc', 'drm', 'keys'],
  queue: ['packager'],
  telemetry: ['packager', 'queue'],
  server: ['keystore', 'keys', 'drm', 'isobmff/boxes/pssh'],
  keystore: ['keys', 'threads'],
  keys: ['drm/playready'],
  cenc: ['bitstream'],
  drm: [],
  isobmff: [],
  bitstream: [],
  manifest: [],
  bytes: [],
  threads: [],
  settings: [],
  errors: [],
  'package-file': [],
};
const OPEN_TO_ALL = ['bytes', 'errors', 'package-file', 'settings'];

/** Rooms that all others stand on know nothing but these. */
const FOUNDATIONS: Record<string, readonly string[]> = {
  errors: [],
  'package-file': [],
  settings: ['errors'],
};

/** Rooms that touch files and sockets. The packager does it through the sources and sinks of `bytes`. */
const ROOMS_WITH_IO = ['bytes', 'keystore', 'keys', 'server', 'telemetry', 'cli', 'config'];
const IO_MODULES = ['fs', 'net', 'http', 'http2', 'https', 'tls', 'dgram', 'dns', 'child_process'];

/** Rooms that may open a content key: where keys live, and where they are handed to a cipher. */
const ROOMS_THAT_REVEAL_KEYS = ['keys', 'keystore', 'packager', 'protection', 'server'];

/** Packages that belong to one part of the program. */
const ROOM_OF_PACKAGE: Record<string, string> = {
  mp4box: 'isobmff',
  commander: 'cli',
  'cli-progress': 'cli',
  bullmq: 'queue',
};

interface SourceFile {
  readonly name: string;
  readonly room: string;
  readonly code: string;
  readonly imports: readonly string[];
}

const files = readSources();

describe('architecture', () => {
  it('knows every room of src/', () => {
    expect(files.length).toBeGreaterThan(0);
    expect([...new Set(files.map((file) => file.room))].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
  });

  it('lets a room import only what the table of the design allows', () => {
    expect(violations((file, specifier) => specifier.startsWith('.') && !allowed(file, specifier))).toEqual(
      [],
    );
  });

  it('lets a command import no other but its own subcommands', () => {
    const isCommand = (name: string) => name.startsWith('cli/commands/');
    const isOther = ({ name }: SourceFile, target: string) =>
      isCommand(target) && !target.startsWith(name.replace(/\.ts$/, '-'));
    expect(files.filter(({ name }) => isCommand(name)).length).toBeGreaterThan(0);
    expect(
      violations(
        (file, specifier) =>
          isCommand(file.name) && specifier.startsWith('.') && isOther(file, targetOf(file, specifier)),
      ),
    ).toEqual([]);
  });

  it('imports by literal names only, but for the configuration file of the user', () => {
    const computed = files.filter(({ code }) => /\b(?:import|require)\(\s*[^'"\s]/.test(code));
    expect(computed.map((file) => file.name)).toEqual(['config/import-default.ts']);
  });

  it('touches files and sockets only in the rooms for that', () => {
    const isIo = (specifier: string) => IO_MODULES.includes(specifier.replace(/^node:/, '').split('/')[0]);
    expect(violations((file, specifier) => isIo(specifier) && !ROOMS_WITH_IO.includes(file.room))).toEqual(
      [],
    );
  });

  it('keeps packages in the room they serve', () => {
    const roomOf = (specifier: string) => ROOM_OF_PACKAGE[specifier.split('/')[0]];
    expect(violations((file, specifier) => (roomOf(specifier) ?? file.room) !== file.room)).toEqual([]);
  });

  it('opens content keys only in the rooms for that, and where the user asks to see one', () => {
    const revealing = files.filter(
      ({ room, code }) => /\.reveal\w*\b/.test(code) && !ROOMS_THAT_REVEAL_KEYS.includes(room),
    );
    expect(revealing.map((file) => file.name)).toEqual(['cli/commands/keys-show.ts']);
  });

  it('names options in messages of the library by `named`, which knows how the reader gives them', () => {
    const speaking = files.filter(
      ({ room, code }) =>
        !['cli', 'server', 'config', 'settings'].includes(room) && /^.*['`"].*[ '`"(]--[a-z]{3}/m.test(code),
    );
    expect(speaking.map((file) => file.name)).toEqual([]);
  });

  it('knows the GUID byte order only inside drm/playready', () => {
    const swapping = files.filter(
      ({ name, code }) => !name.startsWith('drm/playready/') && /\b\w*guid(?!elines?\b)\w*\b/i.test(code),
    );
    expect(swapping.map((file) => file.name)).toEqual([]);
  });
});

describe('the reader of imports', () => {
  it('sees every form, and no comment', () => {
    const code = `
      import a from './a.js';
      import type { B } from "./b.js";
      import { c,
        d } from './c.js';
      export * from './d.js';
      import './e.js';
      const f = await import('./f.js');
      type G = import('./g.js').G;
      new Worker(new URL('./h.js', import.meta.url));
      const i = require('./i.js');
      readFileSync(new URL('../data.json', import.meta.url));
      // import x from './no.js'
      /* import('./no.js') */`;
    expect(importsOf(withoutComments(code))).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => `./${name}.js`),
    );
  });
});

function violations(breaks: (file: SourceFile, specifier: string) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((specifier) => breaks(file, specifier))
      .map((specifier) => `${file.name} -> ${specifier}`),
  );
}

function allowed(file: SourceFile, specifier: string): boolean {
  const target = targetOf(file, specifier);
  if (roomOf(target) === file.room) return true;
  return (FOUNDATIONS[file.room] ?? [...OPEN_TO_ALL, ...(MAY_IMPORT[file.room] ?? [])]).some(
    (room) => target === `${room}.js` || target.startsWith(`${room}/`),
  );
}

/** What a relative import means, from src/. */
function targetOf(file: SourceFile, specifier: string): string {
  return posix.join(posix.dirname(file.name), specifier);
}

function readSources(): SourceFile[] {
  const folder = join(ROOT, 'src');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return names.map((native) => {
    const name = native.split(sep).join('/');
    const code = withoutComments(readFileSync(join(folder, native), 'utf8'));
    return { name, room: roomOf(name), code, imports: importsOf(code) };
  });
}

function roomOf(name: string): string {
  const [first] = name.split('/');
  return first.replace(/\.[jt]s$/, '');
}

function importsOf(code: string): string[] {
  const forms = /(?:\bfrom\s*|\bimport\s*\(?\s*|\b(?:require|new URL)\(\s*)(['"])([^'"]+)\1/g;
  // A URL of anything but code, such as package.json, is data.
  return [...code.matchAll(forms)].map((match) => match[2]).filter((name) => !/\.json$/.test(name));
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|(?<![:'"])\/\/.*/g, '');
}

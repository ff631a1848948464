import { extname } from 'node:path';
import {
  anyOf,
  BOOLEAN,
  BYTES,
  either,
  FILE,
  FILE_ON_DISK,
  FUNCTION,
  fileAfterAt,
  integer,
  isWebAddress,
  type Kind,
  listOf,
  OBJECT,
  objectWith,
  oneNumberOf,
  oneOf,
  optionsOf,
  seconds,
  TEXT,
  TIME,
  text,
  URL_TEXT,
  wordsOf,
} from './kinds.js';
import { LOOKUP_SOURCE } from './lookup-source.js';
import type { Option, Taker } from './option.js';

/**
 * Every option, once. The library checks what it is given by these rows; flags with their help, configuration files, variables,
 * manifests and JSON Schemas are made of them. Rows of a group are in the order of the help.
 */

const SYSTEMS = ['playready', 'common', 'widevine'] as const;
/** Of these, FairPlay is in manifests alone. */
const SIGNALLED_SYSTEMS = [...SYSTEMS, 'fairplay'] as const;
const HEADER_VERSIONS = ['auto', '4.0', '4.1', '4.2', '4.3'] as const;
const SPEKE_VERSIONS = ['1.0', '2.0', '2.1'] as const;

/** Size of an embedded license store when none is named, in bytes: as Microsoft recommends. */
const LICENSE_STORE_BYTES = 10_240;

/** track_ID is 32 bits and never zero (ISO/IEC 14496-12 8.3.2.3). */
const TRACK = either(integer(1, 0xffffffff, 'tracks'), oneOf('audio', 'video'), 'a track id, audio or video');
const COUNT_OF_THREADS = either(
  integer(1, 64, 'threads'),
  oneOf('auto'),
  'a number of threads from 1 to 64, or auto',
);

const KEY_SOURCE = objectWith('a key source, with a method assign', 'assign');
const KEY_LOOKUP = objectWith('an object with keys, with a method find', 'find');
const KEY_STORE = objectWith('a key store, as openKeyStore gives it', 'register', 'markActive');
const HTTP_CLIENT = objectWith('an HttpClient', 'request');
const SIGNAL = objectWith('an AbortSignal', 'aborted', 'addEventListener');
const PRIVATE_KEY = objectWith('a private key, as readCpixPrivateKey gives it', 'type');
const READABLE = anyOf('a path, a URL or a Readable', TEXT, objectWith('', 'pipe'));
const WRITABLE = anyOf('a path or a Writable', TEXT, objectWith('', 'write'));

/** What an input of a title is. */
const DESCRIBED_INPUT: Kind = {
  ...OBJECT,
  schema: {
    type: 'object',
    properties: {
      path: { type: 'string', minLength: 1 },
      lang: { type: 'string', minLength: 1 },
      role: { type: 'string', minLength: 1 },
      name: { type: 'string', minLength: 1 },
    },
    required: ['path'],
    additionalProperties: false,
  },
};

/** A header that was given in place of its file is a secret. */
const HEADER_FILE = fileAfterAt('header.txt', { isSecret: true });

/** Sheets of tiles, the columns and rows of each, and how long a tile shows. */
const SHEETS = /^.+:[1-9]\d{0,2}x[1-9]\d{0,2}(?::(?=.*[1-9])\d{1,5}(?:\.\d{1,6})?)?$/;

/** Times of ad breaks, and files that list them. A text is times where it can be, else the path of a file. */
const CUE_LIST = listOf(either(TIME, FILE, 'a time in seconds or the path of a file'));
const CUES: Kind = {
  ...either(listOf(TIME), FILE, 'the path of a file, or a list of times in seconds'),
  schema: { anyOf: [FILE.schema, CUE_LIST.schema] },
  fits: (value) => FILE.fits(value) || CUE_LIST.fits(value),
  fileIn: FILE.fileIn!,
};

const POLICY_FILE: Kind = {
  ...TEXT,
  fileIn: (value) => (extname(value) === '' ? undefined : ['', value]),
};
const FILE_OR_URL: Kind = {
  ...TEXT,
  fileIn: (value) => (isWebAddress(value) ? undefined : ['', value]),
};
/** It may have a password in it. */
const QUEUE_LOCATION = text(
  'the location of a queue, postgres://<host>/<database> or redis://<host>',
  /^(?:postgres(?:ql)?|rediss?):\/\/./,
  { isSecret: true },
);
const ADDRESS = text(
  'an address to listen on, <host>:<port>, or a port of this machine alone',
  /^(?:(?:\[[0-9a-fA-F:]+\]|[^:\s[\]]+):)?\d{1,5}$/,
  { example: '127.0.0.1:9464' },
);
const SHARD = text('a shard I/N, counted from 0', /^\d{1,5}\/[1-9]\d{0,4}$/, { example: '0/8' });
/** It may be a URL with credentials. */
const KEY_STORE_LOCATION = text('a location such as sqlite:<path>', /^[a-z][a-z0-9+.-]*:./, {
  isSecret: true,
  fileIn: (value) => {
    const path = /^sqlite:(?!\/\/)(.+)$/.exec(value)?.[1];
    return path === undefined ? undefined : ['sqlite:', path];
  },
});

/** One file, however it is read and written. */
const ENCRYPT: readonly Taker[] = ['encrypt', 'encryptStream'];
/** The same, as far as it can be said of many files. */
const EACH_FILE: readonly Taker[] = [...ENCRYPT, 'settings'];
const JOBS: readonly Taker[] = [...ENCRYPT, 'decrypt'];

/** Of these, one says where keys come from. */
const KEY_SOURCES = [
  'keyFile',
  'keySeedFile',
  'key',
  'cpix',
  'playreadyTest',
  'spekeUrl',
  'packagingDataUrl',
  'widevineKeyServer',
  'PRPACK_KEY',
] as const;
const sourcesBut = (name: (typeof KEY_SOURCES)[number]) => KEY_SOURCES.filter((other) => other !== name);

const TABLE = [
  // Files
  {
    name: 'input',
    kind: { ...TEXT, allowed: 'the path or URL of a file' },
    of: ['encrypt', 'decrypt', 'inspect'],
    required: true,
    manifest: true,
    about: 'Path of the input, from the folder of the manifest.',
  },
  { name: 'input', kind: READABLE, of: ['encryptStream'], required: true },
  {
    name: 'input',
    kind: { ...BYTES, allowed: 'the bytes of pssh boxes, a Uint8Array' },
    of: ['parsePssh'],
    required: true,
  },
  {
    name: 'output',
    kind: { ...TEXT, allowed: 'the path of a file to make' },
    of: ['encrypt', 'decrypt'],
    required: true,
    manifest: true,
    about: 'Path of the output, from the folder of outputs.',
  },
  {
    name: 'title',
    kind: { ...FILE, allowed: 'the path of a title file' },
    of: [],
    about: 'Path of a title file, from the folder of the manifest, in place of an input.',
  },
  { name: 'output', kind: WRITABLE, of: ['encryptStream'], required: true },
  {
    name: 'source',
    kind: { ...TEXT, allowed: 'a manifest, a folder, a pattern or a file' },
    of: ['encryptBatch'],
    required: true,
  },
  {
    name: 'outDir',
    kind: { ...TEXT, allowed: 'the folder of the outputs' },
    of: ['encryptBatch', 'packageTitle', 'writeManifests'],
    required: true,
    flag: '--out-dir <folder>',
    help: 'folder of the outputs',
    about: 'Folder of the presentation.',
  },
  {
    name: 'name',
    kind: TEXT,
    of: ['encryptBatch'],
    flag: '--name <template>',
    help: 'names of outputs, of {name}, {ext}, {dir} and {contentId} (default: {name}.enc.mp4)',
  },
  {
    name: 'jobs',
    kind: integer(1, 64, 'jobs'),
    of: ['encryptBatch'],
    flag: '--jobs <number>',
    help: 'files at a time (default: one a core)',
  },
  {
    name: 'results',
    kind: FILE_ON_DISK,
    of: ['encryptBatch'],
    flag: '--results <file>',
    help: 'how each job ended, a line each (default: prpack-results.jsonl in the folder of the outputs, with --shard its number in the name)',
  },
  {
    name: 'shard',
    kind: SHARD,
    of: ['encryptBatch'],
    flag: '--shard <I/N>',
    help: 'do part I of N alone, counted from 0: contents are divided by their ids, the same way on every machine',
    again: 'refused',
  },
  {
    name: 'resume',
    kind: BOOLEAN,
    of: ['encryptBatch'],
    flag: '--resume',
    help: 'skip what the results file and the key store prove done',
  },
  {
    name: 'queue',
    kind: QUEUE_LOCATION,
    of: [],
    flag: '--queue <location>',
    help: 'queue of jobs: postgres://<host>/<database> or redis://<host>; with a password in it, better in PRPACK_QUEUE',
    again: 'refused',
    config: true,
    about:
      'Queue that batches put their jobs into and workers take them from, such as postgres://queue.example/prpack.',
  },
  {
    name: 'metrics',
    kind: ADDRESS,
    of: [],
    flag: '--metrics <address>',
    help: 'serve metrics for Prometheus while this runs: <host>:<port>, or a port that this machine alone reaches',
    again: 'refused',
    config: true,
    about: 'Address at which batches and workers serve their metrics to Prometheus, such as 0.0.0.0:9464.',
  },
  { name: 'settings', kind: optionsOf('settings'), of: ['encryptBatch'] },
  { name: 'onEvent', kind: FUNCTION, of: ['encryptBatch'] },

  {
    name: 'inputs',
    kind: listOf(TEXT, 'a list of paths of files and folders'),
    of: ['packageTitle', 'writeManifests'],
    required: true,
    inTitle: listOf(
      either(TEXT, DESCRIBED_INPUT, 'a path, or an object with path, lang, role and name'),
      'a list of paths of files and folders, or of objects with path, lang, role and name',
      1,
      /;\s*/, // paths have spaces and commas
    ),
    about:
      'Media and subtitles: paths of files and folders, each with what it is where its name does not say it.',
  },
  {
    name: 'describe',
    kind: { ...OBJECT, allowed: 'an object with a description by the name of an input' },
    of: ['packageTitle', 'writeManifests'],
    flag: '--describe <input:key=value,…>',
    help: "what an input is: lang, role and name, as in 'film.de.m4a:lang=de,role=dub,name=Deutsch'; may be repeated",
    written: listOf(
      text('<input>:<key>=<value>,…, with the keys lang, role and name', /^.+:(?:lang|role|name)=./),
    ),
    again: 'added',
  },
  {
    name: 'cues',
    kind: CUES,
    of: ['packageTitle'],
    about: 'Where ads may go: a file of JSON that lists it, or a list of times in seconds.',
    flag: '--cues <file>',
    help: 'where ads may go: JSON such as [{ "time": 600, "duration": 30, "scte35": "/DA…" }]',
    written: FILE,
  },
  {
    name: 'cue',
    kind: listOf(TIME),
    of: [],
    code: 'cues: [600]',
    flag: '--cue <seconds>',
    help: 'a time at which ads may go, without a file for it; may be repeated, and joins --cues',
    again: 'added',
  },
  {
    name: 'thumbnails',
    kind: text('<sheets>:<columns>x<rows>[:<seconds of a tile>]', SHEETS, {
      example: 'thumbs-%03d.jpg:10x10:5',
      fileIn: (value) => ['', value],
    }),
    of: ['packageTitle'],
    about: 'Sheets of tiles with columns by rows, and the seconds of a tile.',
    flag: '--thumbnails <sheets:grid[:seconds]>',
    help: "sheets of tiles, as in 'thumbs-%03d.jpg:10x10:5': %03d for numbers, columns by rows, seconds of a tile (default: all tiles show as long as the title lasts)",
  },

  // Registration
  {
    name: 'contentId',
    kind: TEXT,
    of: [...ENCRYPT, 'packageTitle', 'writeManifests', 'buildPssh'],
    flag: '--content-id <text>',
    help: 'what the keys are registered and found again for (default: the name of the input)',
    manifest: true,
    about: 'What the keys are registered and found again for.',
  },
  { name: 'keyStore', kind: KEY_STORE, of: [...ENCRYPT, 'packageTitle', 'encryptBatch'] },
  {
    name: 'keyStore',
    kind: KEY_STORE_LOCATION,
    of: [],
    code: 'openKeyStore({ location })',
    flag: '--key-store <location>',
    group: 'keyStore',
    help: "key store: sqlite:<path>, postgres://<user>@<host>/<database>, https://<host> of a key server, or skm+https://<host> of an SKM server (default: PRPACK_KEY_STORE, else this user's own)",
    written: KEY_STORE_LOCATION,
    again: 'refused',
    config: true,
    about: 'Key store that keys are registered in and found in, such as sqlite:<path>.',
  },
  {
    name: 'kekFile',
    kind: FILE,
    of: ['openKeyStore'],
    flag: '--kek-file <file>',
    group: 'keyStore',
    help: "key-encryption key of the key store (default: PRPACK_KEK, else this user's own, made on first use; for an SKM server, the one agreed on with the license server)",
    again: 'refused',
    config: true,
    excludes: ['PRPACK_KEK'],
    about:
      'File of the key-encryption key that wraps the keys of the key store, or those sent to an SKM server.',
  },
  {
    name: 'kekCommand',
    kind: FILE,
    of: ['openKeyStore'],
    flag: '--kek-command <program>',
    group: 'keyStore',
    help: 'program that wraps the key-encryption key, which the key store then keeps, such as a client of a key management service (docs/keys.md)',
    again: 'refused',
    config: true,
    about:
      'Program that wraps the key-encryption key, which the key store then keeps, such as a client of a key management service.',
  },
  {
    name: 'register',
    kind: BOOLEAN,
    of: [],
    code: 'keyStore',
    flag: '--no-register',
    help: 'register nothing, because somebody else does',
    config: true,
    default: true,
    about: 'false: encrypt registers no keys, because somebody else does. Default true.',
  },
  {
    name: 'keyPer',
    kind: oneOf('none', 'type', 'track', 'resolution'),
    of: [...EACH_FILE, 'packageTitle'],
    flag: '--key-per <group>',
    help: 'none: one key for all tracks; type, track or resolution: a key for each (default: none)',
    config: true,
    manifest: true,
    default: 'none',
    about: 'What gets a key of its own: nothing, each media type, each track, or each resolution class.',
  },
  {
    name: 'policy',
    kind: OBJECT,
    of: [...EACH_FILE, 'packageTitle'],
    flag: '--policy <file|name>',
    help: 'license policy to register: a YAML or JSON file, or purchase, rental, subscription, live',
    written: POLICY_FILE,
    again: 'refused',
    config: true,
    manifest: true,
    about: 'License policy to store with keys: a JSON or YAML file, or the name of a built-in one.',
    aboutField: 'License policy to store with keys.',
  },
  {
    name: 'keysOut',
    kind: FILE_ON_DISK,
    of: [...ENCRYPT, 'packageTitle'],
    flag: '--keys-out <file>',
    help: 'also write the keys to a new file that only you can read; random keys that are not registered need it',
  },
  { name: 'location', kind: TEXT, of: ['openKeyStore'] },
  { name: 'environment', kind: OBJECT, of: ['openKeyStore'] },
  { name: 'actor', kind: TEXT, of: ['openKeyStore'] },

  // Keys
  {
    name: 'keys',
    kind: anyOf(
      'a key source, such as randomKeySource(), or a function that gives one for a content id',
      KEY_SOURCE,
      FUNCTION,
    ),
    of: [...ENCRYPT, 'packageTitle', 'encryptBatch'],
  },
  { name: 'keys', kind: KEY_LOOKUP, of: ['decrypt'], required: true },
  { name: 'decryptKeys', kind: KEY_LOOKUP, of: ENCRYPT },
  {
    name: 'decryptKeys',
    kind: LOOKUP_SOURCE,
    of: ['settings'],
    flag: '--decrypt-keys <source>',
    help: 'keys of an input that is encrypted already, which is decrypted and encrypted again in one pass: a key file, store (the key store), cpix:<file|url>, seed:<file> or playready-test',
    again: 'refused',
    config: true,
    manifest: true,
    about:
      'Where the keys of encrypted input are found, which is decrypted and encrypted again: store, a key file, cpix:<file or URL>, seed:<file> or playready-test.',
  },
  { name: 'openDecryptKeys', kind: FUNCTION, of: ['encryptBatch'] },
  { name: 'keys', kind: KEY_LOOKUP, of: ['inspect', 'buildPssh', 'parsePssh'] },
  {
    name: 'keyFile',
    kind: FILE,
    of: [],
    code: 'keys: await readKeyFile(…)',
    flag: '--key-file <keys.json>',
    group: 'keys',
    help: 'KIDs and keys in a JSON file',
    again: 'refused',
    config: true,
    excludes: [...sourcesBut('keyFile'), 'kid'],
    about: 'KIDs and keys in a JSON file.',
  },
  {
    name: 'keySeedFile',
    kind: FILE,
    of: [],
    code: 'keys: keySeedSource(…)',
    flag: '--key-seed-file <file>',
    group: 'keys',
    help: 'derive keys from the PlayReady key seed in a file (base64 or hex)',
    again: 'refused',
    config: true,
    excludes: sourcesBut('keySeedFile'),
    about: 'File of the PlayReady key seed that keys are derived from.',
  },
  {
    name: 'kid',
    kind: TEXT,
    of: [],
    code: 'the KID of givenKeyTexts(…)',
    flag: '--kid <uuid>',
    group: 'keys',
    help: 'KID of --key',
    again: 'refused',
  },
  {
    name: 'key',
    kind: TEXT,
    of: [],
    code: 'keys: givenKeyTexts(…)',
    flag: '--key <hex>',
    group: 'keys',
    help: 'the key of --kid, 32 hex digits; other users of the machine can read it',
    again: 'refused',
    excludes: sourcesBut('key'),
  },
  {
    name: 'cpix',
    kind: FILE_OR_URL,
    of: [],
    code: 'keys: cpixKeySource(…)',
    flag: '--cpix <file|url>',
    group: 'keys',
    help: 'keys in a CPIX document',
    again: 'refused',
    config: true,
    excludes: [...sourcesBut('cpix'), 'kid'],
    about: 'CPIX document with keys: a file or a URL.',
  },
  {
    name: 'cpixPrivateKey',
    kind: FILE,
    of: [],
    code: 'privateKey: await readCpixPrivateKey(…)',
    flag: '--cpix-private-key <pem>',
    group: 'keys',
    help: 'RSA private key of the recipient of an encrypted CPIX document',
    again: 'refused',
    config: true,
    about: 'RSA private key (PEM) of the recipient of encrypted CPIX documents.',
  },
  {
    name: 'cpixAuth',
    kind: HEADER_FILE,
    of: [],
    code: 'authorization of the HttpClient',
    flag: '--cpix-auth <@file>',
    group: 'keys',
    help: 'file of the header that the server of the CPIX document lets in (default: the header in PRPACK_CPIX_AUTH)',
    again: 'refused',
    config: true,
    secretVariable: 'PRPACK_CPIX_AUTH',
    excludes: ['PRPACK_CPIX_AUTH'],
    about: '@ and the file of the header that the server of the CPIX document lets in.',
  },
  {
    name: 'playreadyTest',
    kind: BOOLEAN,
    of: [],
    code: 'PLAYREADY_TEST_KEY_SEED_BASE64',
    flag: '--playready-test',
    group: 'keys',
    help: "keys of Microsoft's public test server",
    excludes: sourcesBut('playreadyTest'),
  },
  {
    name: 'spekeUrl',
    kind: URL_TEXT,
    of: [],
    code: 'keys: new SpekeKeySource(…)',
    flag: '--speke-url <url>',
    group: 'keyServer',
    help: 'keys of a SPEKE key provider for --content-id',
    again: 'refused',
    config: true,
    excludes: [...sourcesBut('spekeUrl'), 'kid'],
    about: 'SPEKE key provider.',
  },
  {
    name: 'spekeVersion',
    kind: oneOf(...SPEKE_VERSIONS),
    of: [],
    code: 'version of the SpekeKeySource',
    flag: '--speke-version <version>',
    group: 'keyServer',
    help: `${SPEKE_VERSIONS.join(', ')} (default: 2.0)`,
    config: true,
    about: 'Version of SPEKE. Default 2.0.',
  },
  {
    name: 'spekeAuth',
    kind: HEADER_FILE,
    of: [],
    code: 'authorization of the HttpClient',
    flag: '--speke-auth <@file>',
    group: 'keyServer',
    help: 'file of the header that the key provider lets in (default: the header in PRPACK_SPEKE_AUTH)',
    again: 'refused',
    config: true,
    secretVariable: 'PRPACK_SPEKE_AUTH',
    excludes: ['PRPACK_SPEKE_AUTH'],
    about: '@ and the file of the header that the key provider lets in.',
  },
  {
    name: 'packagingDataUrl',
    kind: URL_TEXT,
    of: [],
    code: 'keys: new PackagingDataKeySource(…)',
    flag: '--packaging-data-url <url>',
    group: 'keyServer',
    help: 'key of a PlayReady server for --content-id (AcquirePackagingData)',
    again: 'refused',
    config: true,
    excludes: [...sourcesBut('packagingDataUrl'), 'kid'],
    about: 'RightsManager of a PlayReady server (AcquirePackagingData).',
  },
  {
    name: 'packagingDataAuth',
    kind: HEADER_FILE,
    of: [],
    code: 'authorization of the HttpClient',
    flag: '--packaging-data-auth <@file>',
    group: 'keyServer',
    help: 'file of the header that the PlayReady server lets in (default: the header in PRPACK_PACKAGING_DATA_AUTH)',
    again: 'refused',
    config: true,
    secretVariable: 'PRPACK_PACKAGING_DATA_AUTH',
    excludes: ['PRPACK_PACKAGING_DATA_AUTH'],
    about: '@ and the file of the header that the PlayReady server lets in.',
  },
  {
    name: 'widevineKeyServer',
    kind: URL_TEXT,
    of: [],
    code: 'keys: new WidevineKeySource(…)',
    flag: '--widevine-key-server <url>',
    group: 'keyServer',
    help: 'keys of a Widevine key server for --content-id (Common Encryption API)',
    again: 'refused',
    config: true,
    excludes: [...sourcesBut('widevineKeyServer'), 'kid'],
    about: 'Server of the Common Encryption API for Widevine DRM.',
  },
  {
    name: 'widevineSigner',
    kind: TEXT,
    of: [],
    code: 'signer of the WidevineKeySource',
    flag: '--widevine-signer <name>',
    group: 'keyServer',
    help: 'who signs the requests to the Widevine key server',
    again: 'refused',
    config: true,
    about: 'Who signs the requests to the Widevine key server.',
  },
  {
    name: 'widevineSigningKeyFile',
    kind: FILE,
    of: [],
    code: 'signingKey: await readWidevineSigningKey(…)',
    flag: '--widevine-signing-key-file <file>',
    group: 'keyServer',
    help: 'AES key and IV of the signer, in hex or base64 (default: both in PRPACK_WIDEVINE_SIGNING_KEY)',
    again: 'refused',
    config: true,
    secretVariable: 'PRPACK_WIDEVINE_SIGNING_KEY',
    excludes: ['PRPACK_WIDEVINE_SIGNING_KEY'],
    about: 'File of the AES key and IV that requests to the Widevine key server are signed with.',
  },
  {
    name: 'widevineAuth',
    kind: HEADER_FILE,
    of: [],
    code: 'authorization of the HttpClient',
    flag: '--widevine-auth <@file>',
    group: 'keyServer',
    help: 'file of the header that the Widevine key server lets in, where it wants one (default: the header in PRPACK_WIDEVINE_AUTH)',
    again: 'refused',
    config: true,
    secretVariable: 'PRPACK_WIDEVINE_AUTH',
    excludes: ['PRPACK_WIDEVINE_AUTH'],
    about: '@ and the file of the header that the Widevine key server lets in.',
  },
  {
    name: 'tlsCa',
    kind: FILE,
    of: [],
    code: 'tls.authorities of the HttpClient',
    flag: '--tls-ca <pem>',
    group: 'tls',
    help: 'trust these authorities at key servers, and no others',
    again: 'refused',
    config: true,
    about: 'Authorities (PEM) to trust at key servers, and no others.',
  },
  {
    name: 'tlsCert',
    kind: FILE,
    of: [],
    code: 'tls.certificate of the HttpClient',
    flag: '--tls-cert <pem>',
    group: 'tls',
    help: 'client certificate for key servers',
    again: 'refused',
    config: true,
    about: 'Client certificate (PEM) for key servers.',
  },
  {
    name: 'tlsKey',
    kind: FILE,
    of: [],
    code: 'tls.privateKey of the HttpClient',
    flag: '--tls-key <pem>',
    group: 'tls',
    help: 'private key of the client certificate',
    again: 'refused',
    config: true,
    about: 'Private key (PEM) of the client certificate.',
  },

  // Media
  {
    name: 'tracks',
    kind: listOf(TRACK),
    of: EACH_FILE,
    flag: '--track <track>',
    group: 'media',
    help: 'encrypt this track only: an id, audio or video; may be repeated (default: all audio and video)',
    again: 'added',
    manifest: true,
    about: 'Tracks to encrypt: ids, audio, video. Default: all audio and video.',
  },
  {
    name: 'layout',
    kind: oneOf('fragmented', 'keep'),
    of: EACH_FILE,
    flag: '--layout <layout>',
    group: 'media',
    help: 'fragmented, or keep the layout of the input (default: fragmented)',
    config: true,
    manifest: true,
    default: 'fragmented',
    about: 'Layout of the output.',
  },
  {
    name: 'fragmentDurationSeconds',
    kind: seconds(3600),
    of: [...EACH_FILE, 'packageTitle'],
    flag: '--fragment-duration <seconds>',
    group: 'media',
    help: 'shortest fragment; it ends at the next sync sample (default: 2)',
    config: true,
    formerly: 'fragmentDuration',
    manifest: true,
    default: 2,
    about: 'Shortest fragment, in seconds.',
  },
  {
    name: 'addressing',
    kind: oneOf('files', 'segments'),
    of: ['packageTitle'],
    flag: '--addressing <how>',
    help: 'files: one file a track, of which players load ranges; segments: a folder a track, with one file a segment (default: files)',
    config: true,
    default: 'files',
    about: 'How players find media: one file a track, or one a segment.',
  },
  {
    name: 'trickPlay',
    kind: BOOLEAN,
    of: ['packageTitle'],
    flag: '--trick-play',
    help: 'add the sync samples of the smallest rendition to the MPD, for fast forward and rewind',
    config: true,
    default: false,
    about: 'Whether the MPD has a set for fast forward and rewind. Default false.',
  },
  {
    name: 'segmentDurationSeconds',
    kind: seconds(3600),
    of: ['packageTitle', 'writeManifests'],
    flag: '--segment-duration <seconds>',
    help: 'shortest segment; it ends where all renditions have a sync sample (default: 6)',
    config: true,
    default: 6,
    about: 'Shortest segment of a presentation, in seconds.',
  },
  {
    name: 'text',
    kind: oneOf('webvtt', 'mp4'),
    of: ['packageTitle'],
    flag: '--text <format>',
    help: 'subtitles for DASH as files, or in MP4: webvtt or mp4 (default: webvtt)',
    config: true,
    default: 'webvtt',
    about: 'Form of subtitles for DASH.',
  },
  {
    name: 'scheme',
    kind: oneOf('cenc', 'cbcs', 'cens', 'cbc1'),
    of: [...EACH_FILE, 'packageTitle', 'buildPssh', 'cpixKeySource', 'SpekeKeySource', 'WidevineKeySource'],
    flag: '--scheme <scheme>',
    group: 'media',
    help: 'cenc: AES-CTR, for all PlayReady clients; cbcs: AES-CBC by patterns, for Apple and PlayReady 4; cens, cbc1: the same without known players (default: cenc)',
    config: true,
    manifest: true,
    default: 'cenc',
    about: 'Encryption scheme.',
  },
  {
    name: 'schemes',
    kind: wordsOf(['cenc', 'cbcs']),
    of: ['packageTitle'],
    flag: '--schemes <list>',
    help: 'in place of --scheme: everything in each of cenc and cbcs, with different keys, as cenc,cbcs',
    config: true,
    excludes: ['scheme'],
    about: 'In place of scheme: package everything in each of these, with different keys.',
  },
  {
    name: 'pattern',
    kind: oneOf('1:9', '5:5', '10:0'),
    of: [...EACH_FILE, 'packageTitle'],
    flag: '--pattern <crypt:skip>',
    group: 'media',
    help: 'blocks of video that cbcs and cens encrypt and skip: 1:9, 5:5 or 10:0 (default: 1:9)',
    config: true,
    manifest: true,
    about: 'Blocks of video that cbcs and cens encrypt and skip.',
  },
  {
    name: 'clearLeadSeconds',
    kind: seconds(86_400),
    of: EACH_FILE,
    flag: '--clear-lead <seconds>',
    group: 'media',
    help: 'leave so much clear at the beginning, rounded up to whole fragments, so that playback starts before the license is there (default: nothing)',
    config: true,
    manifest: true,
    about: 'Seconds left clear at the beginning, rounded up to whole fragments.',
  },
  {
    name: 'cryptoPeriodSeconds',
    kind: seconds(31_536_000),
    of: EACH_FILE,
    flag: '--crypto-period <seconds>',
    group: 'media',
    help: 'key rotation: a new key every so many seconds, at the next fragment (default: one key)',
    config: true,
    manifest: true,
    about: 'Seconds after which a new key is used.',
  },
  {
    name: 'ivSize',
    kind: oneNumberOf(8, 16),
    of: [...EACH_FILE, 'packageTitle'],
    flag: '--iv-size <bytes>',
    group: 'media',
    help: 'bytes of the IV of a sample: 8 or 16 (default: 8; cbcs and cbc1 have 16 only)',
    config: true,
    manifest: true,
    default: 8,
    about: 'Bytes of the IV of a sample.',
  },

  // Protection systems
  {
    name: 'systems',
    kind: wordsOf(SIGNALLED_SYSTEMS, 0), // none: the caller puts headers elsewhere
    of: [...EACH_FILE, 'packageTitle', 'writeManifests'],
    flag: '--systems <list>',
    group: 'systems',
    help: 'pssh boxes to add: playready, common, widevine (default: playready,common)',
    written: wordsOf(SIGNALLED_SYSTEMS),
    config: true,
    manifest: true,
    default: ['playready', 'common'],
    about: 'Protection systems to add pssh boxes for; fairplay, of titles in cbcs, is in manifests.',
  },
  {
    name: 'widevineProvider',
    kind: TEXT,
    of: [...EACH_FILE, 'packageTitle', 'buildPssh'],
    flag: '--widevine-provider <name>',
    group: 'systems',
    help: 'name of the content provider in the Widevine pssh',
    config: true,
    about: 'Name of the content provider in the Widevine pssh.',
  },
  {
    name: 'widevinePolicy',
    kind: TEXT,
    of: [...EACH_FILE, 'packageTitle', 'buildPssh'],
    flag: '--widevine-policy <name>',
    group: 'systems',
    help: 'name of a registered policy, in the Widevine pssh and for the Widevine key server',
    config: true,
    about: 'Name of a registered policy, in the Widevine pssh and for the Widevine key server.',
  },
  {
    name: 'extraPssh',
    kind: listOf(BYTES, 'a list of pssh boxes, each a Uint8Array', 0),
    of: EACH_FILE,
    flag: '--pssh <base64|@file>',
    group: 'systems',
    help: 'add a pssh box or PlayReady Object made elsewhere; may be repeated',
    written: listOf(TEXT),
    again: 'added',
  },
  {
    name: 'fairplayUri',
    kind: text('a URI such as skd://{kid}', /^[a-z][a-z0-9+.-]*:\S+$/i),
    of: ['packageTitle', 'writeManifests'],
    flag: '--fairplay-uri <template>',
    help: 'FairPlay in HLS, with the URI of its key, such as skd://{kid}; only with cbcs',
    config: true,
    about: "URI of FairPlay's key in HLS; {kid} becomes the KID in hexadecimal.",
  },
  {
    name: 'smooth',
    kind: BOOLEAN,
    of: ['packageTitle'],
    flag: '--smooth',
    help: 'Smooth Streaming for old PlayReady clients, too: one key for all tracks, AVC and AAC; only with cenc',
    config: true,
    default: false,
    about: 'Smooth Streaming for old PlayReady clients, too (package with cenc).',
  },
  { name: 'system', kind: oneOf(...SYSTEMS), of: ['buildPssh'], required: true },
  {
    name: 'keyIds',
    kind: listOf(TEXT, 'a list of KIDs, UUID text', 0),
    of: ['buildPssh'],
    required: true,
  },
  {
    name: 'playready',
    kind: optionsOf('playready'),
    of: [...EACH_FILE, 'packageTitle', 'writeManifests', 'buildPssh'],
  },

  // PlayReady header
  {
    name: 'laUrl',
    kind: URL_TEXT,
    of: ['playready'],
    playready: 'laUrl',
    flag: '--la-url <url>',
    group: 'playready',
    help: 'license acquisition URL',
    config: true,
    manifest: true,
    about: 'License acquisition URL for the PlayReady header.',
  },
  {
    name: 'luiUrl',
    kind: URL_TEXT,
    of: ['playready'],
    playready: 'luiUrl',
    flag: '--lui-url <url>',
    group: 'playready',
    help: 'license acquisition page for people',
    config: true,
    manifest: true,
    about: 'License acquisition page for people.',
  },
  {
    name: 'dsId',
    kind: text('base64 of 16 bytes', /^[A-Za-z0-9+/]{22}==$/, { example: 'AAAAAAAAAAAAAAAAAAAAAA==' }),
    of: ['playready'],
    playready: 'dsId',
    flag: '--ds-id <base64>',
    group: 'playready',
    help: 'domain service id: base64 of 16 bytes',
    config: true,
    manifest: true,
    about: 'Domain service id: base64 of 16 bytes.',
  },
  {
    name: 'customAttributes',
    kind: TEXT,
    of: ['playready'],
    playready: 'customAttributes',
    flag: '--custom-attributes <@file.xml>',
    group: 'playready',
    help: 'XML for the inside of CUSTOMATTRIBUTES',
    written: fileAfterAt('file.xml'),
    config: true,
    manifest: true,
    about: '@ and an XML file for the inside of CUSTOMATTRIBUTES.',
    aboutField: 'XML for the inside of CUSTOMATTRIBUTES.',
  },
  {
    name: 'playreadyVersion',
    kind: oneOf(...HEADER_VERSIONS),
    of: ['playready'],
    playready: 'version',
    flag: '--playready-version <version>',
    group: 'playready',
    help: `header version: ${HEADER_VERSIONS.join(', ')} (default: auto, the lowest that can carry the content)`,
    config: true,
    manifest: true,
    default: 'auto',
    about: 'Version of the PlayReady header.',
  },
  {
    name: 'checksum',
    kind: BOOLEAN,
    of: ['playready'],
    playready: 'checksum',
    flag: '--no-checksum',
    group: 'playready',
    help: 'leave out the CHECKSUM of the keys',
    config: true,
    manifest: true,
    default: true,
    about: 'false: leave out the CHECKSUM of the keys.',
  },
  {
    name: 'reserveLicenseStoreBytes',
    kind: integer(1, 15_360, 'bytes'),
    of: ['playready'],
    playready: 'reserveLicenseStoreBytes',
    flag: '--reserve-license-store [bytes]',
    group: 'playready',
    help: 'reserve an embedded license store; without a number, put it after the file names',
    preset: `${LICENSE_STORE_BYTES}`,
    config: true,
    formerly: 'reserveLicenseStore',
    manifest: true,
    about: 'Bytes to reserve as an embedded license store.',
  },
  {
    name: 'decryptorSetup',
    kind: oneOf('on-demand'),
    of: ['playready'],
    playready: 'decryptorSetup',
    flag: '--decryptor-setup <when>',
    group: 'playready',
    help: 'on-demand: clients set up the decryptor when media asks for it',
    config: true,
    manifest: true,
    about: 'Clients set up the decryptor when media asks for it.',
  },

  // How work is done
  {
    name: 'quiet',
    kind: BOOLEAN,
    of: [],
    flag: '--quiet',
    help: 'print no messages but errors',
  },
  {
    name: 'force',
    kind: BOOLEAN,
    of: [...JOBS, 'packageTitle', 'writeManifests', 'encryptBatch'],
    flag: '--force',
    group: 'output',
    help: 'replace an existing output',
  },
  {
    name: 'threads',
    kind: COUNT_OF_THREADS,
    of: [...JOBS, 'packageTitle', 'encryptBatch'],
    flag: '--threads <count>',
    group: 'output',
    help: 'threads that write one file: 1 to 64, or auto (default: auto)',
  },
  {
    name: 'dryRun',
    kind: BOOLEAN,
    of: [...ENCRYPT, 'packageTitle', 'writeManifests', 'encryptBatch'],
    flag: '--dry-run',
    help: 'plan and report, and write nothing',
  },
  {
    name: 'sha256',
    kind: BOOLEAN,
    of: ENCRYPT,
    flag: '--sha256',
    help: 'report the SHA-256 of the output, which anybody can compare it with',
  },
  {
    name: 'boxes',
    kind: BOOLEAN,
    of: ['inspect'],
    flag: '--boxes',
    help: 'list all boxes with offset and size',
  },
  { name: 'onProgress', kind: FUNCTION, of: [...JOBS, 'packageTitle', 'writeManifests'] },
  {
    name: 'signal',
    kind: SIGNAL,
    of: [...JOBS, 'packageTitle', 'writeManifests', 'encryptBatch', 'inspect', 'HttpClient'],
  },

  // Servers of keys, in code
  { name: 'timeoutMs', kind: integer(1, 86_400_000, 'milliseconds'), of: ['HttpClient'] },
  { name: 'connectTimeoutMs', kind: integer(1, 86_400_000, 'milliseconds'), of: ['HttpClient'] },
  { name: 'retries', kind: integer(0, 1000, 'attempts'), of: ['HttpClient'] },
  { name: 'retryDelayMs', kind: integer(0, 86_400_000, 'milliseconds'), of: ['HttpClient'] },
  { name: 'maxResponseBytes', kind: integer(1, 2 ** 31, 'bytes'), of: ['HttpClient'] },
  { name: 'authorization', kind: objectWith('a SecretHeader'), of: ['HttpClient'] },
  { name: 'tls', kind: optionsOf('tls'), of: ['HttpClient'] },
  { name: 'authorities', kind: FILE, of: ['tls'] },
  { name: 'certificate', kind: FILE, of: ['tls'] },
  { name: 'privateKey', kind: FILE, of: ['tls'] },
  { name: 'privateKey', kind: PRIVATE_KEY, of: ['readCpix', 'SpekeKeySource'] },
  { name: 'limits', kind: OBJECT, of: ['readCpix'] },
  { name: 'certificate', kind: BYTES, of: ['SpekeKeySource'] },
  { name: 'name', kind: TEXT, of: ['cpixKeySource'], required: true },
  { name: 'source', kind: TEXT, of: ['cpixKeySource'] },
  {
    name: 'url',
    kind: TEXT,
    of: ['SpekeKeySource', 'PackagingDataKeySource', 'WidevineKeySource'],
    required: true,
  },
  {
    name: 'client',
    kind: HTTP_CLIENT,
    of: ['SpekeKeySource', 'PackagingDataKeySource', 'WidevineKeySource'],
    required: true,
  },
  { name: 'contentId', kind: TEXT, of: ['SpekeKeySource', 'WidevineKeySource'], required: true },
  {
    name: 'systems',
    kind: listOf(OBJECT, 'a list of systems', 0),
    of: ['SpekeKeySource'],
    required: true,
  },
  { name: 'version', kind: oneOf(...SPEKE_VERSIONS), of: ['SpekeKeySource'] },
  {
    name: 'keyPer',
    kind: oneOf('none', 'type', 'resolution'),
    of: ['SpekeKeySource', 'WidevineKeySource'],
  },
  { name: 'signer', kind: TEXT, of: ['WidevineKeySource'] },
  {
    name: 'signingKey',
    kind: objectWith('a signing key, as readWidevineSigningKey gives it', 'sign'),
    of: ['WidevineKeySource'],
  },
  { name: 'policy', kind: TEXT, of: ['WidevineKeySource'] },
  { name: 'programIdentifier', kind: TEXT, of: ['PackagingDataKeySource'], required: true },
] as const satisfies readonly Option[];

type Row = (typeof TABLE)[number];

/** Name of an option. */
export type OptionName = Row['name'];

/** Name of an option that a configuration file can give. */
export type SettingName = Extract<Row, { config: true }>['name'];

/** Name of an option that has a flag. */
export type FlaggedName = Extract<Row, { flag: string }>['name'];

export const OPTIONS: readonly Option[] = TABLE;

/** Options that have a flag, by name. */
const FLAGGED: ReadonlyMap<string, Option> = new Map(
  OPTIONS.filter(({ flag }) => flag !== undefined).map((option) => [option.name, option]),
);

export function flaggedOption(name: FlaggedName): Option & { readonly flag: string } {
  return FLAGGED.get(name) as Option & { readonly flag: string };
}

/** Options that a configuration file can give. */
export const SETTINGS: readonly Option[] = OPTIONS.filter(({ config }) => config);

/** Fields of a line of a batch manifest that is about a file. */
export const FIELDS: readonly Option[] = OPTIONS.filter(({ manifest }) => manifest);

/** How the work on a title is done, and where its keys are left: no matter of its file, which describes each input where it stands. */
const NOT_OF_TITLES: readonly string[] = ['describe', 'force', 'threads', 'dryRun', 'keysOut'];

/** Fields of a title file. */
export const TITLE_FIELDS: readonly Option[] = OPTIONS.filter(
  ({ name, of, playready, flag, inTitle }) =>
    (inTitle !== undefined || flag !== undefined) &&
    (of.includes('packageTitle') || playready !== undefined) &&
    !NOT_OF_TITLES.includes(name),
);

/** Fields of a line of a batch manifest, whatever it is about. */
export const MANIFEST_FIELDS: readonly Option[] = [
  ...FIELDS,
  ...OPTIONS.filter(({ name }) => name === 'title'),
  ...TITLE_FIELDS.filter((option) => !FIELDS.includes(option)),
];

/** Options and variables that cannot be given with an option, whichever side says it. */
export function rivalsOf({ name, excludes = [] }: Option): string[] {
  return [...excludes, ...OPTIONS.filter((row) => row.excludes?.includes(name)).map((row) => row.name)];
}

/** `--layout` of `--layout <layout>`. */
export function flagNameOf({ flag = '' }: Option): string {
  return flag.replace(/ .*$/, '');
}

/** `la`, `url` of `--la-url`: what the names of variables and of commander's values are made of. */
function wordsOfFlag(option: Option): string[] {
  return flagNameOf(option)
    .replace(/^--(?:no-)?/, '')
    .split('-');
}

/** The name under which commander has the value of the flag: `laUrl` for `--la-url`. */
export function attributeOf(option: Option): string {
  const [first, ...others] = wordsOfFlag(option);
  return first + others.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

/** `PRPACK_LA_URL` for `--la-url`; undefined where it would be the variable that holds the secret itself. */
export function variableOf(option: Option): string | undefined {
  const variable = `PRPACK_${wordsOfFlag(option).join('_').toUpperCase()}`;
  return variable === option.secretVariable ? undefined : variable;
}

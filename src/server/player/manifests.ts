import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { attributeOf, childElements, parseXml, textOf, type XmlElement } from '../../bytes/xml.js';
import { prettyPlayReadyHeader } from '../../drm/playready/pretty.js';
import { PrpackError } from '../../errors.js';
import type { ManifestKind } from './installed-players.js';
import type { PlayedPssh } from './played-file.js';

/** A manifest of the folder, and what it says of protection. No key. */
export interface PlayedManifest {
  readonly name: string;
  readonly kind: ManifestKind;
  /** Of its encrypted tracks; absent where it names none. */
  readonly scheme?: string;
  /** KIDs that it names. */
  readonly kids: readonly string[];
  readonly systems: readonly PlayedSystem[];
  /** Why it cannot be read. */
  readonly problem?: string;
}

/** How a protection system finds its keys. */
export interface PlayedSystem extends Partial<PlayedPssh> {
  readonly name: string;
  readonly keyIds: readonly string[];
  /** Element or tag. */
  readonly location: string;
  /** Where it is not data that is described. */
  readonly uri?: string;
}

/** Describes `pssh` boxes, or a bare PlayReady Object. */
export type DescribePssh = (bytes: Uint8Array) => Promise<readonly Omit<PlayedPssh, 'location'>[]>;

/** What one place of a manifest says of a system. */
interface Said {
  readonly name: string;
  readonly location: string;
  readonly kid?: string | undefined;
  /** base64 of a `pssh` box or a PlayReady Object. */
  readonly data?: string | undefined;
  readonly uri?: string | undefined;
}

/** What a manifest says. */
interface Read {
  readonly scheme?: string | undefined;
  readonly kids: readonly string[];
  readonly said: readonly Said[];
}

const READERS: Readonly<
  Record<string, { kind: ManifestKind; isEntry(text: string): boolean; read(text: string): Read }>
> = {
  '.mpd': { kind: 'dash', isEntry: () => true, read: readMpd },
  '.m3u8': { kind: 'hls', isEntry: (text) => text.includes('#EXT-X-STREAM-INF'), read: readMultivariant },
};

/** Manifests that players begin with: MPDs, then multivariant playlists, each in the order of their names, `manifest.mpd` before `manifest-cbcs.mpd`. */
export async function findManifests(folder: string, describe: DescribePssh): Promise<PlayedManifest[]> {
  const names = (await readdir(folder)).filter((name) => Object.hasOwn(READERS, extname(name)));
  const found: PlayedManifest[] = [];
  for (const name of names) {
    const { kind, isEntry, read } = READERS[extname(name)]!;
    const text = await readFile(join(folder, name), 'utf8');
    if (isEntry(text)) found.push({ name, kind, ...(await protectionOf(() => read(text), describe)) });
  }
  const stemOf = ({ name }: PlayedManifest) => name.slice(0, -extname(name).length);
  return found.sort((a, b) =>
    a.kind === b.kind ? (stemOf(a) < stemOf(b) ? -1 : 1) : a.kind < b.kind ? -1 : 1,
  );
}

type Protection = Omit<PlayedManifest, 'name' | 'kind'>;

async function protectionOf(read: () => Read, describe: DescribePssh): Promise<Protection> {
  try {
    const { scheme, kids, said } = read();
    const systems: PlayedSystem[] = [];
    for (const one of distinct(said)) systems.push(...(await systemsOf(one, describe)));
    const named = systems.flatMap(({ keyIds }) => keyIds);
    const all = [...new Set([...kids, ...named].map((kid) => kid.toLowerCase()))];
    return { ...(scheme !== undefined && { scheme }), kids: all, systems };
  } catch (error) {
    return { kids: [], systems: [], problem: (error as Error).message };
  }
}

/** Renditions of one key repeat what is said. */
function distinct(said: readonly Said[]): Said[] {
  return [
    ...new Map(said.map((one) => [JSON.stringify([one.name, one.data, one.uri, one.kid]), one])).values(),
  ];
}

async function systemsOf(
  { name, location, kid, data, uri }: Said,
  describe: DescribePssh,
): Promise<PlayedSystem[]> {
  const bare = { name, location, keyIds: kid === undefined ? [] : [kid], ...(uri !== undefined && { uri }) };
  if (data === undefined) return [bare];
  try {
    const described = await describe(new Uint8Array(Buffer.from(data, 'base64')));
    return described.map((one) => ({ ...withPrettyHeader(one), location }));
  } catch (error) {
    return [{ ...bare, problem: (error as Error).message }];
  }
}

function withPrettyHeader<P extends Pick<PlayedPssh, 'playready'>>(pssh: P): P {
  if (!pssh.playready) return pssh;
  return { ...pssh, playready: { ...pssh.playready, xml: prettyPlayReadyHeader(pssh.playready.xml) } };
}

// DASH (ISO/IEC 23009-1 5.8.4.1; ISO/IEC 23001-7 11)

const MP4_PROTECTION = 'urn:mpeg:dash:mp4protection:2011';
/** A long presentation of one file a segment has an element for each of them. */
const LIMITS = { elements: 1_000_000, attributes: 5_000_000 };

function readMpd(text: string): Read {
  const fault = (reason: string) => new PrpackError('MALFORMED_INPUT', `it is not well-formed: ${reason}`);
  const protections = elementsNamed(parseXml(text, fault, LIMITS), 'ContentProtection');
  const general = protections.filter((one) => attributeOf(one, 'schemeIdUri') === MP4_PROTECTION);
  return {
    scheme: general[0] && attributeOf(general[0], 'value'),
    kids: general.flatMap(({ attributes }) => attributes.filter(isDefaultKid).map(({ value }) => value)),
    said: protections.filter((one) => !general.includes(one)).flatMap(saidByElement),
  };
}

function isDefaultKid({ localName }: { readonly localName: string }): boolean {
  return localName === 'default_KID';
}

function saidByElement(element: XmlElement): Said[] {
  const name = attributeOf(element, 'value') ?? attributeOf(element, 'schemeIdUri') ?? 'unknown';
  const location = 'ContentProtection';
  const data = [...childElements(element, 'pssh'), ...childElements(element, 'pro')].map(textOf);
  return data.length === 0 ? [{ name, location }] : [{ name, location, data: data[0] }];
}

function elementsNamed(element: XmlElement, name: string): XmlElement[] {
  return childElements(element).flatMap((child) => [
    ...(child.localName === name ? [child] : []),
    ...elementsNamed(child, name),
  ]);
}

// HLS (draft-pantos-hls-rfc8216bis 4.4.6.5)

const SCHEMES: Readonly<Record<string, string>> = { 'SAMPLE-AES-CTR': 'cenc', 'SAMPLE-AES': 'cbcs' };

function readMultivariant(text: string): Read {
  const keys = [...text.matchAll(/^#EXT-X-(?:SESSION-)?KEY:(.*)$/gm)].map(([, attributes]) =>
    attributesOf(attributes),
  );
  return { scheme: SCHEMES[keys[0]?.METHOD ?? ''], kids: [], said: keys.map(saidByTag) };
}

function attributesOf(text: string): Readonly<Record<string, string | undefined>> {
  const pairs = [...text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",\s]*))/g)];
  return Object.fromEntries(pairs.map(([, name, quoted, bare]) => [name, quoted ?? bare]));
}

function saidByTag({
  KEYFORMAT = 'identity',
  URI = '',
  KEYID,
}: Readonly<Record<string, string | undefined>>): Said {
  const [, data] = /^data:[^,]*;base64,(.*)$/.exec(URI) ?? [];
  const said = { name: KEYFORMAT, location: 'EXT-X-SESSION-KEY' };
  if (data === undefined) return { ...said, uri: URI, kid: KEYID && uuidOf(KEYID.slice(2)) };
  const bytes = Buffer.from(data, 'base64');
  return bytes.length === 16 ? { ...said, kid: uuidOf(bytes.toString('hex')) } : { ...said, data };
}

function uuidOf(hex: string): string {
  return hex.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

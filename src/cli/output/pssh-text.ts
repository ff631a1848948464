import type { ParsedPssh, PlayReadyKeyReport, PlayReadyReport } from '../../index.js';
import type { Style } from './style.js';
import { formatPairs } from './table.js';
import { count, formatBytes, printable } from './units.js';

/** Lays header XML out for people. */
export type PrettyXml = (xml: string) => string;

/** A pssh box, decoded as far as it can be. `where` follows its name. */
export function formatPssh(pssh: ParsedPssh, where: string, pretty: PrettyXml, style: Style): string[] {
  const { systemId, name, version, keyIds, playready, widevine, problem } = pssh;
  const dataBytes = Buffer.from(pssh.data, 'base64').length;
  const pairs = formatPairs(
    [
      ['system id', systemId],
      ...keyIds.map((kid, at) => [at === 0 ? 'KIDs' : '', kid] as const),
      ['data', dataBytes > 0 ? formatBytes(dataBytes) : 'none'],
      ...(playready ? playReadyPairs(playready) : []),
      ['content id', shown(widevine?.contentId)],
      ['provider', shown(widevine?.provider)],
      ['scheme', shown(widevine?.protectionScheme)],
      ['problem', problem && style.yellow(printable(problem))],
    ],
    '  ',
    style,
  );
  const title = `${style.bold(`${printable(name)} pssh`)}${style.dim(` version ${version}${where}`)}`;
  return [title, ...pairs, ...(playready ? xmlLines(playready.xml, pretty) : [])];
}

function playReadyPairs(playready: PlayReadyReport): [string, string | undefined][] {
  const { laUrl, luiUrl, dsId, decryptorSetup, licenseStoreBytes, keys } = playready;
  return [
    ['header version', printable(playready.version)],
    ['LA_URL', shown(laUrl)],
    ['LUI_URL', shown(luiUrl)],
    ['DS_ID', shown(dsId)],
    ['decryptor setup', shown(decryptorSetup)],
    ['license store', licenseStoreBytes === undefined ? undefined : count(licenseStoreBytes, 'byte')],
    ...keys.map((key): [string, string] => ['key', keyText(key)]),
  ];
}

/** `09e36702-… AESCTR, checksum BGw1aYZ1YXM= (matches the key)` */
function keyText({ kid, algId, checksum, checksumMatches }: PlayReadyKeyReport): string {
  const verdicts = new Map([
    [true, ' (matches the key)'],
    [false, ' (DOES NOT MATCH the key)'],
  ]);
  const verdict = checksumMatches === undefined ? '' : verdicts.get(checksumMatches);
  const facts = [
    ...(algId === undefined ? [] : [algId]),
    checksum === undefined ? 'no checksum' : `checksum ${checksum}${verdict}`,
  ];
  return printable(`${kid}  ${facts.join(', ')}`);
}

/** XML that cannot be read is shown as it is. */
function xmlLines(xml: string, pretty: PrettyXml): string[] {
  let text = xml;
  try {
    text = pretty(xml);
  } catch {
    // shown raw below
  }
  return ['', ...text.split('\n').map((line) => `    ${printable(line)}`)];
}

function shown(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printable(text);
}

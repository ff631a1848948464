import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * What an origin of Smooth Streaming answers: `<server manifest>/Manifest` with the client manifest, and
 * `<server manifest>/QualityLevels(<rate>)/Fragments(<stream>=<time>)` with a fragment, which it finds by the server manifest and by the `mfra` of
 * the file (ISO/IEC 14496-12 8.8.9). It shares no code with src/.
 * @returns undefined for what is not there
 */
export function smoothResponse(path: string): Buffer | undefined {
  const [, serverManifest, rest] = /^(.+\.ism)\/(.+)$/.exec(path) ?? [];
  if (serverManifest === undefined || !existsSync(serverManifest)) return undefined;
  const smil = readFileSync(serverManifest, 'utf8');
  const folder = dirname(serverManifest);
  if (rest.toLowerCase() === 'manifest') {
    const [, client] = /name="clientManifestRelativePath" content="([^"]+)"/.exec(smil)!;
    return readFileSync(join(folder, client));
  }
  const [, rate, stream, time] = /^QualityLevels\((\d+)\)\/Fragments\((\w+)=(\d+)\)$/.exec(rest) ?? [];
  const media = smil
    .split(/(?=<(?:video|audio) )/)
    .find(
      (one) => one.includes(`systemBitrate="${rate}"`) && one.includes(`name="trackName" value="${stream}"`),
    );
  const [, source] = /src="([^"]+)"/.exec(media ?? '') ?? [];
  return source === undefined ? undefined : fragmentAt(readFileSync(join(folder, source)), BigInt(time));
}

/** `moof` and `mdat` of the fragment that begins then. */
function fragmentAt(file: Buffer, time: bigint): Buffer | undefined {
  const mfra = file.subarray(file.length - file.readUInt32BE(file.length - 4));
  const tfra = mfra.subarray(8);
  if (mfra.toString('latin1', 4, 8) !== 'mfra' || tfra.toString('latin1', 4, 8) !== 'tfra' || tfra[8] !== 1) {
    throw new Error('the file has no index with 64-bit times');
  }
  const count = tfra.readUInt32BE(20);
  for (let i = 0; i < count; i++) {
    const at = 24 + i * 19;
    if (tfra.readBigUInt64BE(at) !== time) continue;
    const moof = Number(tfra.readBigUInt64BE(at + 8));
    const mdat = moof + file.readUInt32BE(moof);
    return file.subarray(moof, mdat + file.readUInt32BE(mdat));
  }
  return undefined;
}

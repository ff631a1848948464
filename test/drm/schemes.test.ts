import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes/hex.js';
import { buildProtectionData } from '../../src/drm/build.js';
import type { ProtectionScheme } from '../../src/drm/playready/alg-id.js';
import { readPlayReadyObject } from '../../src/drm/playready/object.js';

/** What shaka-packager 3.4.2 writes for this key under each scheme: the PlayReady header, and the data of the Widevine box. */
const KEY = {
  kid: '00112233-4455-6677-8899-aabbccddeeff',
  key: fromHex('0f1e2d3c4b5a69788796a5b4c3d2e1f0')!,
};
const WRM = '<WRMHEADER xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader" version=';
const CTR_HEADER =
  `${WRM}"4.0.0.0"><DATA><PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO>` +
  '<KID>MyIRAFVEd2aImaq7zN3u/w==</KID><CHECKSUM>F13/XR4yyRQ=</CHECKSUM></DATA></WRMHEADER>';
const CBC_HEADER =
  `${WRM}"4.3.0.0"><DATA><PROTECTINFO><KIDS><KID ALGID="AESCBC" VALUE="MyIRAFVEd2aImaq7zN3u/w=="></KID></KIDS>` +
  '</PROTECTINFO></DATA></WRMHEADER>';
const WIDEVINE = '121000112233445566778899aabbccddeeff48';

describe.each<[ProtectionScheme, string, string]>([
  ['cenc', CTR_HEADER, 'e3dc959b06'],
  ['cbcs', CBC_HEADER, 'f3c6899b06'],
  ['cens', CTR_HEADER, 'f3dc959b06'],
  ['cbc1', CBC_HEADER, 'b1c6899b06'],
])('protection data of %s', (scheme, header, fourcc) => {
  it('is what shaka-packager writes', () => {
    const { protection } = buildProtectionData('playready', { keys: [KEY], scheme });
    const { header: bytes } = readPlayReadyObject(protection.data);
    expect(Buffer.from(bytes!).toString('utf16le')).toBe(header);
    const widevine = buildProtectionData('widevine', { keys: [KEY], scheme });
    expect(toHex(widevine.protection.data)).toBe(WIDEVINE + fourcc);
  });

  it('warns of license servers that refuse keys for CBC', () => {
    const { warnings } = buildProtectionData('playready', { keys: [KEY], scheme });
    expect(warnings).toEqual(header === CBC_HEADER ? [expect.stringContaining('SDK before 4.4')] : []);
  });

  it('has a header without KIDs for keys on demand', () => {
    const { protection, warnings } = buildProtectionData('playready', {
      keys: [],
      scheme,
      playready: { decryptorSetup: 'on-demand' },
    });
    const { header: bytes } = readPlayReadyObject(protection.data);
    expect(Buffer.from(bytes!).toString('utf16le')).toBe(
      `${WRM}"4.1.0.0"><DATA><DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP></DATA></WRMHEADER>`,
    );
    expect(warnings).toEqual([]);
  });
});

it('refuses a header that cannot say AES-CBC', () => {
  const playready = { version: '4.2' } as const;
  expect(() => buildProtectionData('playready', { keys: [KEY], scheme: 'cbcs', playready })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('ALGID AESCBC') }),
  );
});

import { expect, it } from 'vitest';
import { prettyPlayReadyHeader } from '../../../src/drm/playready/pretty.js';

const NS = 'http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader';

it('prints an element a line', () => {
  const xml =
    `<WRMHEADER xmlns="${NS}" version="4.2.0.0"><DATA><PROTECTINFO><KIDS><KID ALGID="AESCTR" VALUE="a"></KID>` +
    '</KIDS></PROTECTINFO><LA_URL>http://a/?b&amp;c</LA_URL><CUSTOMATTRIBUTES><n>a <b>c</b></n></CUSTOMATTRIBUTES>' +
    '</DATA></WRMHEADER>';
  expect(prettyPlayReadyHeader(xml)).toBe(`<WRMHEADER xmlns="${NS}" version="4.2.0.0">
  <DATA>
    <PROTECTINFO>
      <KIDS>
        <KID ALGID="AESCTR" VALUE="a"></KID>
      </KIDS>
    </PROTECTINFO>
    <LA_URL>http://a/?b&amp;c</LA_URL>
    <CUSTOMATTRIBUTES>
      <n>a <b>c</b></n>
    </CUSTOMATTRIBUTES>
  </DATA>
</WRMHEADER>`);
});

it('prints what it printed again the same', () => {
  const once = prettyPlayReadyHeader('<a><b c="1"/><d> e </d></a>');
  expect(prettyPlayReadyHeader(once)).toBe(once);
});

it('refuses what is not XML', () => {
  expect(() => prettyPlayReadyHeader('<a>')).toThrowError(
    expect.objectContaining({ code: 'MALFORMED_INPUT' }),
  );
});

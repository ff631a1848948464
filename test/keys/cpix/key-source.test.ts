import { describe, expect, it } from 'vitest';
import { cpixKeySource } from '../../../src/keys/cpix/key-source.js';
import { readCpix } from '../../../src/keys/cpix/reader.js';
import { parseKeyId } from '../../../src/keys/key-id.js';
import type { KeyScheme, TrackKeyRequest } from '../../../src/keys/key-source.js';
import { cpix, KEYS, KIDS, keyList, plainKey, rule, ruleList } from './documents.js';

const VIDEO: TrackKeyRequest = { trackId: 1, type: 'video', width: 1920, height: 1080 };
const AUDIO: TrackKeyRequest = { trackId: 2, type: 'audio' };
const ALL_KEYS = keyList(...KIDS.map((_, i) => plainKey(i)));

function source(inner: string, scheme?: KeyScheme) {
  return cpixKeySource(readCpix(cpix(inner)), { name: 'keys.xml', ...(scheme && { scheme }) });
}

/** Index of the key that each track gets under these rules. */
async function assigned(rules: readonly string[], ...requests: TrackKeyRequest[]) {
  const keys = await source(ALL_KEYS + ruleList(...rules)).assign(requests);
  return keys.map(({ kid }) => KIDS.indexOf(kid));
}

const fps = (filter: string, frameRateFps: number) =>
  assigned([rule(0, `<cpix:VideoFilter ${filter}/>`)], { ...VIDEO, frameRateFps }).then(
    () => true,
    () => false,
  );

describe('cpixKeySource', () => {
  it('gives the only key of a document without rules to all tracks', async () => {
    const keys = await source(keyList(plainKey(0))).assign([{ ...VIDEO, label: 'HD' }, AUDIO]);
    expect(keys.map(({ key, ...rest }) => ({ ...rest, key: key.revealHex() }))).toEqual([
      {
        trackId: 1,
        kid: KIDS[0],
        key: KEYS[0],
        label: 'HD',
        source: 'cpix',
        algorithm: 'AESCTR',
        protection: [],
      },
      { trackId: 2, kid: KIDS[0], key: KEYS[0], source: 'cpix', algorithm: 'AESCTR', protection: [] },
    ]);
  });

  it('finds keys by KID for decryption', async () => {
    const keys = source(ALL_KEYS);
    expect((await keys.find(KIDS[1]))!.revealHex()).toBe(KEYS[1]);
    expect(await keys.find(parseKeyId('0'.repeat(32)))).toBeUndefined();
  });

  it('separates video from audio', async () => {
    const rules = [rule(1, '<cpix:VideoFilter/>'), rule(2, '<cpix:AudioFilter/>')];
    expect(await assigned(rules, VIDEO, AUDIO)).toEqual([1, 2]);
  });

  it('takes pixel bounds inclusively, of the picture and not of its shape', async () => {
    const rules = [
      rule(0, '<cpix:VideoFilter maxPixels="589824"/>'),
      rule(1, '<cpix:VideoFilter minPixels="589825" maxPixels="2073600"/>'),
      rule(2, '<cpix:VideoFilter minPixels="2073601"/>'),
    ];
    const size = (width: number, height: number) => ({ ...VIDEO, width, height });
    const tracks = [size(1024, 576), size(576, 1024), size(1025, 576), size(1920, 1080), size(1921, 1080)];
    expect(await assigned(rules, ...tracks)).toEqual([0, 0, 1, 1, 2]);
  });

  it('takes frame rates above minFps, up to and with maxFps', async () => {
    expect(
      await Promise.all([30, 30.01, 59.94, 60, 60.01].map((rate) => fps('minFps="30" maxFps="60"', rate))),
    ).toEqual([false, true, true, true, false]);
    expect(await fps('minFps="30"', 240)).toBe(true);
    expect(await fps('maxFps="30"', 0)).toBe(true);
  });

  it('takes channel and bit rate bounds inclusively', async () => {
    const rules = [
      rule(0, '<cpix:AudioFilter minChannels="1" maxChannels="2"/>'),
      rule(1, '<cpix:AudioFilter minChannels="3"/><cpix:BitrateFilter maxBitrate="384000"/>'),
      rule(2, '<cpix:AudioFilter minChannels="3"/><cpix:BitrateFilter minBitrate="384001"/>'),
    ];
    const audio = (channels: number, bitrateBps: number) => ({ ...AUDIO, channels, bitrateBps });
    const tracks = [audio(1, 1), audio(2, 1), audio(3, 1), audio(6, 384_000), audio(6, 384_001)];
    expect(await assigned(rules, ...tracks)).toEqual([0, 0, 1, 1, 2]);
  });

  it('joins filters of one type by OR and types by AND', async () => {
    const either = '<cpix:LabelFilter label="a"/><cpix:LabelFilter label="b"/><cpix:VideoFilter/>';
    const rules = [rule(0, either), rule(1, '<cpix:LabelFilter label="c"/>'), rule(2, '<cpix:AudioFilter/>')];
    const tracks = [
      { ...VIDEO, label: 'a' },
      { ...VIDEO, label: 'b' },
      { ...VIDEO, label: 'c' },
      { ...AUDIO, label: 'a' },
    ];
    expect(await assigned(rules, ...tracks)).toEqual([0, 0, 1, 2]);
  });

  it('asks for HDR and wide colour as they are known', async () => {
    const rules = [
      rule(0, '<cpix:VideoFilter hdr="true" wcg="1"/>'),
      rule(1, '<cpix:VideoFilter hdr="false"/>'),
    ];
    const tracks = [
      { ...VIDEO, isHdr: true, hasWideColorGamut: true },
      { ...VIDEO, isHdr: false, hasWideColorGamut: true },
    ];
    expect(await assigned(rules, ...tracks)).toEqual([0, 1]);
  });

  it('reads the rule of SPEKE for all tracks, and lets video and audio filters together match nothing elsewhere', async () => {
    const both = '<cpix:VideoFilter/><cpix:AudioFilter/>';
    expect(await assigned([rule(0, both, 'intendedTrackType="ALL"')], VIDEO, AUDIO)).toEqual([0, 0]);
    await expect(assigned([rule(0, both)], VIDEO)).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
  });

  it('meets the only key period of a document, and cannot choose among several', async () => {
    const periods = (...ids: string[]) =>
      `<cpix:ContentKeyPeriodList>${ids.map((id) => `<cpix:ContentKeyPeriod id="${id}"/>`).join('')}</cpix:ContentKeyPeriodList>`;
    const rules = ruleList(rule(0, '<cpix:KeyPeriodFilter periodId="p1"/>'));
    const [key] = await source(ALL_KEYS + periods('p1') + rules).assign([VIDEO]);
    expect(key.kid).toBe(KIDS[0]);
    await expect(source(ALL_KEYS + periods('p1', 'p2') + rules).assign([VIDEO])).rejects.toMatchObject({
      code: 'KEY_INVALID',
      details: { expected: 'a known key period' },
    });
  });

  it.each([
    [
      'no rule for a track',
      ALL_KEYS + ruleList(rule(0, '<cpix:VideoFilter/>')),
      'KEY_REQUIRED',
      /keys\.xml: no key for audio track 2: none of .*e01, .*e02, .*e03/,
    ],
    [
      'two rules for a track',
      ALL_KEYS + ruleList(rule(0, '<cpix:AudioFilter/>'), rule(2, ''), rule(0, '<cpix:VideoFilter/>')),
      'KEY_INVALID',
      /more than one key for video track 1 \(1920x1080\): .*e03, .*e01/,
    ],
    ['several keys and no rules', ALL_KEYS, 'KEY_INVALID', /more than one key for video track 1/],
    ['no keys', '', 'KEY_REQUIRED', /the document has no keys/],
    [
      'a key that is only asked for',
      keyList(`<cpix:ContentKey kid="${KIDS[0]}"/>`),
      'KEY_REQUIRED',
      /its key is not there/,
    ],
    [
      'a rule for a key that is not listed',
      keyList(plainKey(0)) + ruleList(rule(1, '')),
      'KEY_REQUIRED',
      /e02 is for video track 1/,
    ],
    [
      'an unknown filter, though its rule is for other tracks',
      ALL_KEYS + ruleList(rule(0, ''), rule(1, '<x:F xmlns:x="x"/>')),
      'KEY_INVALID',
      /usage rule 2 .* filter that is not known/,
    ],
    [
      'a bound on what is not known',
      ALL_KEYS + ruleList(rule(0, '<cpix:VideoFilter maxFps="30"/>'), rule(1, '<cpix:AudioFilter/>')),
      'KEY_INVALID',
      /usage rule 1 .* cannot be applied to video track 1/,
    ],
    [
      'a key for another scheme',
      keyList(plainKey(0, 'commonEncryptionScheme="cbcs"')),
      'KEY_INVALID',
      /another encryption scheme/,
    ],
  ])('refuses %s', async (_, inner, code, message) => {
    const failure = await source(inner, 'cenc')
      .assign([VIDEO, AUDIO])
      .then(
        () => expect.unreachable(),
        (error) => error,
      );
    expect(failure).toMatchObject({
      code,
      message: expect.stringMatching(message),
      details: { remedy: expect.any(String) },
    });
  });

  it('takes the key of the scheme of the track, and names its algorithm', async () => {
    const both = keyList(
      plainKey(0, 'commonEncryptionScheme="cenc"'),
      plainKey(1, 'commonEncryptionScheme="cbcs"'),
    );
    const keys = source(both + ruleList(rule(0, ''), rule(1, '')));
    expect(await keys.assign([{ ...VIDEO, scheme: 'cbcs' }])).toMatchObject([
      { kid: KIDS[1], algorithm: 'AESCBC' },
    ]);
    expect(await keys.assign([VIDEO])).toMatchObject([{ kid: KIDS[0], algorithm: 'AESCTR' }]);
    await expect(keys.assign([{ ...VIDEO, scheme: 'cens' }])).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  const inPeriod = (index: number) => ({
    ...VIDEO,
    period: { index, startSeconds: 10 * index, durationSeconds: 10 },
  });
  const rotating = (...periods: readonly string[]) =>
    source(
      ALL_KEYS +
        `<cpix:ContentKeyPeriodList>${periods.map((said, i) => `<cpix:ContentKeyPeriod id="p${i}" ${said}/>`).join('')}</cpix:ContentKeyPeriodList>` +
        ruleList(...periods.map((_, i) => rule(i, `<cpix:KeyPeriodFilter periodId="p${i}"/>`))),
    );

  it.each([
    ['index', ['index="4"', 'index="5"']],
    [
      'time in the content',
      ['startOffset="PT40S" endOffset="PT50.000S"', 'startOffset="PT50S" endOffset="PT1M"'],
    ],
  ])('gives crypto periods their keys, by %s', async (_, periods) => {
    const keys = rotating(...periods);
    expect(keys.canRotate).toBe(true);
    expect(await keys.assign([inPeriod(5)])).toMatchObject([{ kid: KIDS[1], period: 5 }]);
    expect(await keys.assign([inPeriod(4)])).toMatchObject([{ kid: KIDS[0], period: 4 }]);
    await expect(keys.assign([inPeriod(6)])).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
      message: expect.stringContaining('crypto period 6'),
    });
  });

  it('cannot tell crypto periods apart by the time of day, nor has several keys without periods', async () => {
    const keys = rotating('start="2026-01-01T00:00:00Z" end="2026-01-01T00:00:10Z"');
    await expect(keys.assign([inPeriod(0)])).rejects.toMatchObject({
      details: { expected: 'a known time of day' },
    });
    expect(source(keyList(plainKey(0))).canRotate).toBe(false);
  });

  it('takes several rules that agree on the key', async () => {
    const rules = [rule(0, '<cpix:VideoFilter/>'), rule(0, '<cpix:VideoFilter minPixels="1"/>')];
    expect(await assigned(rules, VIDEO)).toEqual([0]);
  });
});

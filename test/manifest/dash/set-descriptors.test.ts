import type { Element } from '@xmldom/xmldom';
import { describe, expect, it } from 'vitest';
import type { SwitchingSet, VideoSet } from '../../../src/manifest/presentation.js';
import { AUDIO_KID, protectionOf, RICH, VIDEO, video } from '../examples.js';
import { all, attributesOf, mpdOf } from './dom.js';

describe('descriptors', () => {
  const mpd = mpdOf(RICH);
  const sets = all(mpd, 'AdaptationSet');
  const descriptors = (set: Element, name: string) =>
    all(set, name).map((one) => `${one.getAttribute('schemeIdUri')} ${one.getAttribute('value')}`);

  it('name colours: essential for PQ, which nobody may show as it is', () => {
    const colours = (transfer: number) => [
      'urn:mpeg:mpegB:cicp:ColourPrimaries 9',
      `urn:mpeg:mpegB:cicp:TransferCharacteristics ${transfer}`,
      'urn:mpeg:mpegB:cicp:MatrixCoefficients 9',
    ];
    expect(descriptors(sets[0], 'SupplementalProperty')).toEqual(colours(18));
    expect(descriptors(sets[1], 'EssentialProperty').slice(1)).toEqual(colours(16));
    const bt709 = { ...VIDEO, colour: { primaries: 1, transfer: 1, matrix: 1 } };
    expect(all(mpdOf({ durationSeconds: 8, switchingSets: [bt709] }), 'SupplementalProperty')).toEqual([]);
  });

  it('name Dolby Vision over a base layer', () => {
    expect(mpd.getAttribute('xmlns:scte214')).toBe('urn:scte:dash:scte214-extensions');
    expect(attributesOf(all(sets[0], 'Representation')[0])).toMatchObject({
      codecs: 'hvc1.2.4.L93.B0',
      'scte214:supplementalCodecs': 'dvh1.08.07',
      'scte214:supplementalProfiles': 'db4h',
    });
  });

  it('name trick play and its set', () => {
    expect(descriptors(sets[1], 'EssentialProperty')[0]).toBe('http://dashif.org/guidelines/trickmode 1');
    expect(attributesOf(sets[1])).toMatchObject({ maxPlayoutRate: '16', codingDependency: 'false' });
  });

  it('name roles, accessibility and a label for people', () => {
    expect(descriptors(sets[0], 'Role')).toEqual(['urn:mpeg:dash:role:2011 main']);
    expect(sets[2].getAttribute('lang')).toBe('en');
    expect(all(sets[2], 'Label')[0].textContent).toBe('A & B');
    expect(descriptors(sets[2], 'Accessibility')).toEqual([
      'urn:mpeg:dash:role:2011 description',
      'urn:tva:metadata:cs:AudioPurposeCS:2007 1',
    ]);
    expect(descriptors(sets[3], 'Role')).toEqual(['urn:mpeg:dash:role:2011 subtitle']);
  });

  it('name sheets of thumbnails', () => {
    expect(attributesOf(sets[4])).toEqual({ id: '9', contentType: 'image' });
    expect(descriptors(all(sets[4], 'Representation')[0], 'EssentialProperty')).toEqual([
      'http://dashif.org/guidelines/thumbnail_tile 10x10',
    ]);
    // 5000 bytes in 8 s
    expect(attributesOf(all(sets[4], 'Representation')[0])).toEqual({
      id: 'tiles',
      bandwidth: '5000',
      mimeType: 'image/jpeg',
      width: '1600',
      height: '900',
    });
    expect(attributesOf(all(sets[4], 'SegmentTemplate')[0])).toEqual({
      media: 'tiles/$Number$.jpg',
      timescale: '1',
      duration: '8',
      startNumber: '1',
    });
  });

  it('name events, in the MPD and in segments', () => {
    expect(descriptors(sets[0], 'InbandEventStream')).toEqual(['urn:mpeg:dash:event:2012 1']);
    const [event] = all(all(mpd, 'EventStream')[0], 'Event');
    expect(attributesOf(event)).toEqual({
      presentationTime: '4000',
      duration: '2000',
      id: '7',
    });
    const [binary] = all(all(event, 'Signal')[0], 'Binary');
    expect(binary.namespaceURI).toBe('http://www.scte.org/schemas/35/2016');
    expect(binary.textContent).toBe('AAAA');
  });
});

describe('sets of other keys', () => {
  const hd: VideoSet = { ...VIDEO, representations: [video('hd', 720)] };
  const sd: VideoSet = {
    ...hd,
    id: 2,
    protection: protectionOf(AUDIO_KID),
    representations: [video('sd', 360)],
  };
  const switchingOf = (...switchingSets: SwitchingSet[]) =>
    all(mpdOf({ durationSeconds: 8, switchingSets }), 'AdaptationSet').map((set) =>
      all(set, 'SupplementalProperty')
        .filter((one) => one.getAttribute('schemeIdUri')!.includes('adaptation-set-switching'))
        .map((one) => one.getAttribute('value')),
    );

  it('are joined in all of them', () => {
    const uhd: VideoSet = { ...hd, id: 3, representations: [video('uhd', 1080)] };
    expect(switchingOf(hd, sd, uhd)).toEqual([['2,3'], ['1,3'], ['1,2']]);
  });

  it('are not joined with another scheme, codec, colour or language, or with clear ones', () => {
    const { protection: _, ...clear } = sd;
    const others: SwitchingSet[] = [
      { ...sd, protection: protectionOf(AUDIO_KID, 'cbcs') },
      { ...sd, representations: [{ ...video('sd', 360), codecs: 'hvc1.1.6.L90.90' }] },
      { ...sd, colour: { primaries: 9, transfer: 16, matrix: 9 } },
      { ...sd, language: 'de' },
      clear,
    ];
    for (const other of others) expect(switchingOf(hd, other)).toEqual([[], []]);
  });
});

import { describe, it } from 'vitest';
import { writeStppEntry } from '../../../src/isobmff/boxes/stpp.js';
import { writeVttc, writeVtte, writeWvttEntry } from '../../../src/isobmff/boxes/wvtt.js';
import { expectBox } from './proofs.js';

// By ISO/IEC 14496-30 7.5 and ISO/IEC 14496-12 12.6.3: no peer at hand writes them
const hexOf = (text: string) => Buffer.from(text).toString('hex');
const WVTT = `0000001e 77767474 000000000000 0001 0000000e 76747443 ${hexOf('WEBVTT')}`;
const STPP = `0000002c 73747070 000000000000 0001 ${hexOf('http://www.w3.org/ns/ttml')} 00 00 00`;

describe('wvtt', () => {
  it('has what stands before the first cue', () => {
    expectBox(writeWvttEntry('WEBVTT'), WVTT);
  });

  it('has a cue with all that it can have, in the order of the standard, or with its text alone', () => {
    const cue = { sourceId: 7, identifier: 'x', currentTime: '00:01', settings: 'line:0', text: 'Hé' };
    expectBox(
      writeVttc(cue),
      `00000043 76747463
       0000000c 76736964 00000007
       00000009 6964656e 78
       0000000d 6374696d ${hexOf('00:01')}
       0000000e 73747467 ${hexOf('line:0')}
       0000000b 7061796c 48c3a9`,
    );
    expectBox(writeVttc({ settings: '', text: 'A' }), '00000011 76747463 00000009 7061796c 41');
    expectBox(writeVtte(), '00000008 76747465');
  });
});

describe('stpp', () => {
  it('names the namespace of TTML', () => {
    expectBox(writeStppEntry(), STPP);
  });
});

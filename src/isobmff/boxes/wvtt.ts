import { ByteWriter } from '../../bytes/writer.js';
import { box } from './box.js';

/** A cue as it shows during one sample (ISO/IEC 14496-30 7.5). */
export interface CueInSample {
  /** The same in all samples that one cue is cut into; absent where it is whole. */
  readonly sourceId?: number;
  readonly identifier?: string;
  /** WebVTT timestamp of the start of the sample, for cues with timestamps in their text. */
  readonly currentTime?: string;
  /** '' for none. */
  readonly settings: string;
  readonly text: string;
}

/** WVTTSampleEntry with its configuration (ISO/IEC 14496-30 7.5): everything of a WebVTT file before the first cue. */
export function writeWvttEntry(header: string): Uint8Array {
  const sampleEntry = new ByteWriter(8).bytes(new Uint8Array(6)).u16(1); // reserved, data_reference_index
  return box('wvtt', sampleEntry.finish(), textBox('vttC', header));
}

/** VTTCueBox (ISO/IEC 14496-30 7.5): one for each cue that shows, one after the other in the sample. */
export function writeVttc({ sourceId, identifier, currentTime, settings, text }: CueInSample): Uint8Array {
  return box(
    'vttc',
    ...(sourceId === undefined ? [] : [box('vsid', new ByteWriter(4).u32(sourceId).finish())]),
    ...(identifier === undefined ? [] : [textBox('iden', identifier)]),
    ...(currentTime === undefined ? [] : [textBox('ctim', currentTime)]),
    ...(settings === '' ? [] : [textBox('sttg', settings)]),
    textBox('payl', text),
  );
}

/** VTTEmptyCueBox (ISO/IEC 14496-30 7.5): the sample of a time without cues. */
export function writeVtte(): Uint8Array {
  return box('vtte');
}

/** Strings fill their boxes, without a zero at the end. */
function textBox(type: string, text: string): Uint8Array {
  return box(type, Buffer.from(text));
}

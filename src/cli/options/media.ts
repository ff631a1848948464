import type { Command } from 'commander';
import type { Layout, TrackSelector } from '../../index.js';
import { invalidValue, oneOf, type ParseValue, repeatable, seconds } from './values.js';

/** What commander makes of the options that say what of a file is encrypted, and how. */
export interface MediaFlags {
  readonly track?: readonly TrackSelector[];
  readonly layout?: Layout;
  readonly fragmentDuration?: number;
  readonly ivSize?: 8 | 16;
}

const MAX_FRAGMENT_SECONDS = 3600;

/** Adds the options that say what of a file is encrypted, and how. */
export function addMediaOptions(command: Command): void {
  command.optionsGroup('Media:');
  command.option(
    '--track <track>',
    'encrypt this track only: an id, audio or video; may be repeated (default: all audio and video)',
    repeatable(trackSelector),
  );
  command.option(
    '--layout <layout>',
    'fragmented, or keep the layout of the input (default: fragmented)',
    oneOf('--layout', ['fragmented', 'keep']),
  );
  command.option(
    '--fragment-duration <seconds>',
    'shortest fragment; it ends at the next sync sample (default: 2)',
    seconds('--fragment-duration', MAX_FRAGMENT_SECONDS),
  );
  command.option('--iv-size <bytes>', 'bytes of the IV of a sample: 8 or 16 (default: 8)', ivSize);
}

/** track_ID is 32 bits and never zero (ISO/IEC 14496-12 8.3.2.3). */
const trackSelector: ParseValue<TrackSelector> = (text) => {
  if (text === 'audio' || text === 'video') return text;
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (id >= 1 && id <= 0xffffffff) return id;
  throw invalidValue('--track', text, 'a track id, audio or video');
};

const ivSize: ParseValue<8 | 16> = (text) => {
  return oneOf('--iv-size', ['8', '16'])(text) === '8' ? 8 : 16;
};

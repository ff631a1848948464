import { readDac3 } from '../../isobmff/boxes/dac3.js';
import { type Dac4, readDac4 } from '../../isobmff/boxes/dac4.js';
import { type Dec3, readDec3 } from '../../isobmff/boxes/dec3.js';
import type { Movie } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { findChild } from '../../isobmff/walk.js';
import type { AudioChannels } from '../../manifest/presentation.js';

/** Channel map (ETSI TS 102 366 Table E.1.4): bit 15 L, 14 C, 13 R, 12 Ls, 11 Rs, 10 Lc/Rc, 9 Lrs/Rrs, 8 Cs, … 1 LFE2, 0 LFE. */
const LFE = 1;
const LFE2 = 2;
/** By acmod: 1+1 and 2/0 are L and R. */
const MAIN_CHANNELS: readonly number[] = [0xa000, 0x4000, 0xa000, 0xe000, 0xa100, 0xe100, 0xb800, 0xf800];
/** By bit of chan_loc: it counts up where the channel map counts down. */
const ADDED_CHANNELS: readonly number[] = [0x400, 0x200, 0x100, 0x80, 0x40, 0x20, 0x10, 0x08, LFE2];
/** These bits are two speakers each. */
const PAIRS = 0x0674;

/** Groups of AC-4 that are two speakers each (ETSI TS 103 190-2 A.3): L/R, Ls/Rs, Lb/Rb, Tfl/Tfr, Tbl/Tbr, Tl/Tr, Tsl/Tsr, Bfl/Bfr, Lscr/Rscr, Lw/Rw, Vhl/Vhr. */
const AC4_PAIRS = 0x721bd;

/** The speakers of an AC-3, E-AC-3 or AC-4 track, whose sample entries say two whatever there are; undefined for other codecs. */
export function dolbyChannels({ tracks: [{ entries }], moov }: Movie): AudioChannels | undefined {
  const [{ node }] = entries;
  const dac3 = findChild(node, 'dac3');
  const dec3 = findChild(node, 'dec3');
  const dac4 = findChild(node, 'dac4');
  if (dac4) return ac4Channels(readDac4(readerOf(dac4, moov)));
  if (dac3) return channelsOf({ ...readDac3(readerOf(dac3, moov)), chanLoc: 0 });
  return dec3 && channelsOf(readDec3(readerOf(dec3, moov)));
}

/**
 * @example
 * channelsOf({ acmod: 7, lfeon: true, chanLoc: 0 }); // { count: 6, dolbyMask: 0xf801 }
 */
export function channelsOf({ acmod, lfeon, chanLoc, jocComplexity }: Dec3): AudioChannels {
  const added = ADDED_CHANNELS.filter((_, bit) => (chanLoc >> bit) & 1);
  const dolbyMask = [MAIN_CHANNELS[acmod], lfeon ? LFE : 0, ...added].reduce((mask, bits) => mask | bits, 0);
  const count = countBits(dolbyMask) + countBits(dolbyMask & PAIRS);
  return { count, dolbyMask, ...(jocComplexity !== undefined && { jocComplexity }) };
}

/** Of objects nothing is known but what the sample entry says. */
function ac4Channels({ channelMask }: Partial<Dac4> = {}): AudioChannels | undefined {
  if (channelMask === undefined) return undefined;
  return { count: countBits(channelMask) + countBits(channelMask & AC4_PAIRS), dolbyMask: channelMask };
}

function countBits(mask: number): number {
  return [...mask.toString(2)].filter((bit) => bit === '1').length;
}

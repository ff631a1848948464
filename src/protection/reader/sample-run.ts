import type { BoxNode, FileSlice } from '../../isobmff/walk.js';
import type { KeyGroups } from '../key-groups.js';

/** A run of samples whose protection one `senc` states, or `saiz` and `saio`. */
export interface SampleRun {
  readonly count: number;
  readonly parent: BoxNode;
  /** Boxes that may state it: `senc`, `saiz`, `saio`, `sgpd`, `sbgp`. */
  readonly boxes: readonly BoxNode[];
  readonly slice: FileSlice;
  /** What `saio` offsets are relative to. */
  readonly baseBytes: number;
  /** The track's own groups, which the run may refer to. */
  readonly trackGroups: KeyGroups;
}

import { malformed } from '../errors.js';
import { type BitReader, ceilLog2 } from './bit-reader.js';
import type { VvcPps } from './vvc-pps.js';
import type { VvcSps } from './vvc-sps.js';

/** What the headers after it need of a reference picture list structure (ITU-T H.266 7.3.10). */
export interface RefPicListStruct {
  readonly entries: number;
  readonly longTermEntries: number;
  /** ltrp_in_header_flag: the order counts of long-term pictures are in the header that uses the list. */
  readonly isLongTermInHeader: boolean;
}

/** The fields of a sequence parameter set that the structures in it depend on. */
export type RefPicListRules = Pick<
  VvcSps,
  'hasLongTermRefPics' | 'hasWeightedPred' | 'hasWeightedBipred' | 'picOrderCntLsbBits'
>;

/** NumRefEntries of each list, as they count in the headers after them. */
export type RefEntryCounts = readonly [list0: number, list1: number];

const MAX_REF_ENTRIES = 29; // 7.4.11: MaxDpbSize + 13

/**
 * ref_pic_list_struct(), 7.3.10. Streams that predict between layers are refused before.
 * @param isInParameterSet the structure is one of those that the parameter set lists
 */
export function readRefPicListStruct(
  reader: BitReader,
  rules: RefPicListRules,
  isInParameterSet: boolean,
): RefPicListStruct {
  const entries = reader.ueUpTo(MAX_REF_ENTRIES, 'num_ref_entries');
  const { hasLongTermRefPics } = rules;
  const isTold = hasLongTermRefPics && isInParameterSet && entries > 0;
  const isLongTermInHeader = isTold ? reader.flag() : hasLongTermRefPics && !isInParameterSet;
  const isWeighted = rules.hasWeightedPred || rules.hasWeightedBipred;
  let longTermEntries = 0;
  for (let i = 0; i < entries; i++) {
    const isShortTerm = !hasLongTermRefPics || reader.flag(); // st_ref_pic_flag
    if (isShortTerm) {
      const delta = reader.ueUpTo(0x7fff, 'abs_delta_poc_st') + (isWeighted && i > 0 ? 0 : 1);
      if (delta > 0) reader.skip(1); // strp_entry_sign_flag
    } else {
      longTermEntries++;
      if (!isLongTermInHeader) reader.skip(rules.picOrderCntLsbBits); // rpls_poc_lsb_lt
    }
  }
  return { entries, longTermEntries, isLongTermInHeader };
}

/** ref_pic_lists(), 7.3.9. */
export function readRefPicLists(reader: BitReader, sps: VvcSps, pps: VvcPps): RefEntryCounts {
  const counts = [0, 0] as [number, number];
  let isFromSps = false;
  let index = 0;
  for (let i = 0; i < 2; i++) {
    const lists = sps.refPicLists[i];
    const isCoded = i === 0 || pps.hasRefPicList1Index;
    if (lists.length === 0) isFromSps = false;
    else if (isCoded) isFromSps = reader.flag(); // rpl_sps_flag
    if (isFromSps && lists.length > 1 && isCoded)
      index = reader.u(ceilLog2(lists.length)); // rpl_idx
    else if (lists.length <= 1) index = 0;
    const list = isFromSps ? lists[index] : readRefPicListStruct(reader, sps, false);
    if (!list) {
      throw malformed(`a picture needs reference picture list ${index}, which was not sent`, {
        clause: 'ITU-T H.266 7.4.10',
      });
    }
    skipLongTermEntries(reader, list, sps);
    counts[i] = list.entries;
  }
  return counts;
}

function skipLongTermEntries(reader: BitReader, list: RefPicListStruct, sps: VvcSps): void {
  for (let j = 0; j < list.longTermEntries; j++) {
    if (list.isLongTermInHeader) reader.skip(sps.picOrderCntLsbBits); // poc_lsb_lt
    if (reader.flag()) reader.ue(); // delta_poc_msb_cycle_present_flag, delta_poc_msb_cycle_lt
  }
}

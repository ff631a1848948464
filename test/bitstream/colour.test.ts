import { describe, expect, it } from 'vitest';
import { colourOfAv1, colourOfParameterSets, colourOfVp9 } from '../../src/bitstream/colour.js';
import { BitWriter, nalUnit } from './bit-writer.js';

/** vui_parameters() up to the colour description, with an extended aspect ratio and overscan before it. */
function vui(writer: BitWriter, ...colour: number[]): BitWriter {
  writer.u(1, 1).u(8, 255).u(16, 4).u(16, 3); // aspect_ratio_idc EXTENDED_SAR, sar_width, sar_height
  writer.u(1, 1).u(1, 0); // overscan_info_present_flag, overscan_appropriate_flag
  writer.u(1, 1).u(3, 5).u(1, 0); // video_signal_type_present_flag, video_format, video_full_range_flag
  writer.u(1, colour.length > 0 ? 1 : 0); // colour_description_present_flag
  for (const codePoint of colour) writer.u(8, codePoint);
  return writer;
}

/** ISO/IEC 14496-10 7.3.2.1.1, Main profile, fields, cropped. */
function avcSps(...colour: number[]): Uint8Array {
  const writer = new BitWriter().u(8, 77).u(8, 0).u(8, 31).ue(0); // profile, constraints, level, id
  writer.ue(0).ue(2).ue(1).u(1, 0); // log2_max_frame_num, pic_order_cnt_type 2, max_num_ref_frames, gaps
  writer.ue(19).ue(7).u(1, 0).u(1, 1); // width, height, frame_mbs_only_flag, mb_adaptive_frame_field_flag
  writer.u(1, 1).u(1, 1).ue(0).ue(1).ue(0).ue(2); // direct_8x8_inference_flag, cropping
  return nalUnit([0x67], vui(writer.u(1, 1), ...colour));
}

describe('colours of parameter sets', () => {
  it('are those of the sequence parameter set of AVC, wherever it stands', () => {
    const sps = avcSps(9, 16, 9);
    const colour = { primaries: 9, transfer: 16, matrix: 9 };
    expect(colourOfParameterSets('avc', [sps])).toEqual(colour);
    expect(colourOfParameterSets('avc', [Uint8Array.of(0x68, 0xce), sps])).toEqual(colour);
  });

  it('are none where there is no description, and no set', () => {
    expect(colourOfParameterSets('avc', [avcSps()])).toBeUndefined();
    expect(colourOfParameterSets('avc', [])).toBeUndefined();
    expect(colourOfParameterSets('hevc', [Uint8Array.of(0x44, 0x01, 0xc0)])).toBeUndefined();
  });

  it('are none of a set that breaks off: others refuse it', () => {
    const sps = avcSps(9, 16, 9);
    for (let length = 0; length < sps.length - 3; length++) {
      expect(colourOfParameterSets('avc', [sps.subarray(0, length)])).toBeUndefined();
      expect(
        colourOfParameterSets('hevc', [Uint8Array.of(0x42, 1, ...sps.subarray(1, length))]),
      ).toBeUndefined();
    }
  });
});

describe('colours of AV1', () => {
  /** AV1 5.5: a reduced still picture of 64x64, profile 0, 10 bits. */
  function configuration(...colour: number[]): Uint8Array {
    const header = new BitWriter().u(3, 0).u(1, 1).u(1, 1).u(5, 0); // profile, still_picture, reduced, level
    header.u(4, 5).u(4, 5).u(6, 63).u(6, 63); // frame sizes
    header.u(1, 0).u(2, 0).u(3, 0); // superblocks, filters, superres, cdef, restoration
    header
      .u(1, 1)
      .u(1, 0)
      .u(1, colour.length > 0 ? 1 : 0); // high_bitdepth, mono_chrome, color_description_present_flag
    for (const codePoint of colour) header.u(8, codePoint);
    header.u(1, 0).u(2, 0).u(1, 0).u(1, 0).u(1, 1); // range, sample position, uv, film grain, trailing bit
    while (header.bits.length % 8 !== 0) header.zeros(1);
    const bytes = Uint8Array.from({ length: header.bits.length / 8 }, (_, i) =>
      Number.parseInt(header.bits.slice(8 * i, 8 * i + 8).join(''), 2),
    );
    const metadata = [0x2a, 1, 0]; // OBU of type 5 with a size
    return Uint8Array.of(0x81, 0x00, 0x0c, 0x00, ...metadata, 0x0a, bytes.length, ...bytes);
  }

  it('are those of the sequence header behind av1C', () => {
    expect(colourOfAv1(configuration(9, 18, 9))).toEqual({ primaries: 9, transfer: 18, matrix: 9 });
    expect(colourOfAv1(configuration())).toBeUndefined();
  });

  it('are none where av1C has no OBUs, or is broken', () => {
    const whole = configuration(9, 18, 9);
    for (let length = 0; length < whole.length - 1; length++)
      expect(colourOfAv1(whole.subarray(0, length))).toBeUndefined();
  });
});

describe('colours of VP9', () => {
  it('are those of vpcC', () => {
    // version 1, profile 2, level 1.0, 10 bits 4:2:0 limited range, BT.2020, PQ, BT.2020, no initialization data
    const vpcC = Uint8Array.of(1, 0, 0, 0, 2, 10, 0xa2, 9, 16, 9, 0, 0);
    expect(colourOfVp9(vpcC)).toEqual({ primaries: 9, transfer: 16, matrix: 9 });
    expect(colourOfVp9(vpcC.subarray(0, 9))).toBeUndefined();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAvcGrammar } from '../../src/bitstream/avc.js';
import { createHevcGrammar } from '../../src/bitstream/hevc.js';
import {
  createNalCodec,
  type NalCodec,
  type NalCodecKind,
  NEED_MORE,
} from '../../src/bitstream/nal-codec.js';
import { createVvcGrammar } from '../../src/bitstream/vvc.js';
import { fromHex } from '../../src/bytes/hex.js';
import { PrpackError } from '../../src/errors.js';
import { BitWriter, nalUnit } from './bit-writer.js';
import { SLICE_HEADERS } from './slice-headers.fixtures.js';

const GRAMMARS = { avc: createAvcGrammar, hevc: createHevcGrammar, vvc: createVvcGrammar };

const hex = (text: string) => fromHex(text.replaceAll(/\s/g, ''))!;

function fixture(kind: NalCodecKind) {
  const found = SLICE_HEADERS.find((candidate) => candidate.kind === kind)!;
  const [head, nalSizeBytes, clearBytes] = found.slices[0];
  return { parameterSets: found.parameterSets.map(hex), head: hex(head), nalSizeBytes, clearBytes };
}

function codecOf(kind: NalCodecKind): NalCodec {
  return createNalCodec(GRAMMARS[kind](), fixture(kind).parameterSets);
}

describe('slice headers end where ffmpeg says', () => {
  it.each(SLICE_HEADERS.map((row, i) => [`${i}: ${row.kind}, ${row.origin}`, row] as const))(
    '%s',
    (_name, row) => {
      const codec = createNalCodec(GRAMMARS[row.kind](), row.parameterSets.map(hex));
      for (const [head, nalSizeBytes, clearBytes] of row.slices) {
        expect(codec.clearBytes(hex(head), nalSizeBytes)).toBe(clearBytes);
      }
    },
  );

  it('needs the header whole and not a byte more', () => {
    for (const row of SLICE_HEADERS) {
      const codec = createNalCodec(GRAMMARS[row.kind](), row.parameterSets.map(hex));
      for (const [head, nalSizeBytes, clearBytes] of row.slices) {
        for (let given = 0; given < clearBytes; given++) {
          expect(codec.clearBytes(hex(head).subarray(0, given), nalSizeBytes)).toBe(NEED_MORE);
        }
        expect(codec.clearBytes(hex(head).subarray(0, clearBytes), nalSizeBytes)).toBe(clearBytes);
      }
    }
  });
});

describe.each(['avc', 'hevc', 'vvc'] as const)('%s', (kind) => {
  it('takes the NAL unit from the middle of the given bytes', () => {
    const { head, nalSizeBytes, clearBytes } = fixture(kind);
    const shifted = Uint8Array.of(0, 0, 0, 9, ...head);
    expect(codecOf(kind).clearBytes(shifted, nalSizeBytes, 4)).toBe(clearBytes);
  });

  it('takes up parameter sets that come in band, and needs them whole', () => {
    const { parameterSets, head, nalSizeBytes, clearBytes } = fixture(kind);
    const codec = createNalCodec(GRAMMARS[kind](), []);
    expect(() => codec.clearBytes(head, nalSizeBytes)).toThrow(/picture parameter set 0/);
    for (const set of parameterSets) {
      expect(codec.clearBytes(set.subarray(0, set.length - 1), set.length)).toBe(NEED_MORE);
      expect(codec.clearBytes(set, set.length)).toBe(set.length);
    }
    expect(codec.clearBytes(head, nalSizeBytes)).toBe(clearBytes);
  });

  it('refuses a slice that ends inside its header', () => {
    const { head, clearBytes } = fixture(kind);
    const size = clearBytes - 1;
    expect(() => codecOf(kind).clearBytes(head.subarray(0, size), size)).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        message: expect.stringContaining('middle of its header'),
      }),
    );
  });

  it('leaves an empty NAL unit alone', () => {
    expect(codecOf(kind).clearBytes(new Uint8Array(0), 0)).toBe(0);
  });

  it('answers any bytes with a number in range or a PrpackError', () => {
    const sets = SLICE_HEADERS.filter((row) => row.kind === kind).map((row) => row.parameterSets.map(hex));
    fc.assert(
      fc.property(
        fc.constantFrom(...sets),
        fc.uint8Array({ maxLength: 80 }),
        fc.nat(100),
        (known, bytes, more) => {
          const codec = createNalCodec(GRAMMARS[kind](), known);
          const size = bytes.length + more;
          let clear: number;
          try {
            clear = codec.clearBytes(bytes, size);
          } catch (error) {
            expect(error).toBeInstanceOf(PrpackError);
            return;
          }
          expect(clear === NEED_MORE ? more > 0 : clear >= 0 && clear <= size).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('avc NAL unit types', () => {
  // ISO/IEC 14496-10 Table 7-1
  it.each([0, 6, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 22, 24, 31])(
    'leaves type %i wholly clear',
    (type) => {
      expect(codecOf('avc').clearBytes(Uint8Array.of(0x60 | type), 5000)).toBe(5000);
    },
  );

  it.each([20, 21])('keeps a lead of 128 bytes of layer slices, type %i, clear', (type) => {
    expect(codecOf('avc').clearBytes(Uint8Array.of(0x60 | type), 5000)).toBe(128);
    expect(codecOf('avc').clearBytes(Uint8Array.of(0x60 | type), 100)).toBe(100);
  });

  it('reads data partitions with the parameter set of partition A', () => {
    const { parameterSets } = partitionedStream();
    const codec = createNalCodec(createAvcGrammar(), parameterSets);
    // type 2: first_mb ue(0), slice_type ue(7), pps ue(0), frame_num u(4), redundant_pic_cnt ue(0), slice_qp_delta
    // se(0), slice_id ue(2): 1 + 7 + 1 + 4 + 1 + 1 + 3 = 18 bits, 3 bytes after the NAL header. nal_ref_idc is 0.
    const a = new BitWriter().ue(0).ue(7).ue(0).u(4, 5).ue(0).se(0).ue(2).ones(60);
    const partitionB = new BitWriter().ue(62).ue(0).ones(60); // slice_id ue(62): 11 bits, redundant_pic_cnt: 1 bit
    expect(() => codec.clearBytes(nalUnit([3], partitionB), 20)).toThrow(/partition A/);
    expect(codec.clearBytes(nalUnit([2], a), 20)).toBe(1 + 3);
    expect(codec.clearBytes(nalUnit([3], partitionB), 20)).toBe(1 + 2);
    expect(codec.clearBytes(nalUnit([4], partitionB), 20)).toBe(1 + 2);
  });

  function partitionedStream() {
    // profile 88 (Extended), sps 0, frame_num of 4 bits, pic_order_cnt_type 2, 1x1 macroblocks, frames only
    const sps = new BitWriter()
      .u(8, 88)
      .u(16, 30)
      .ue(0)
      .ue(0)
      .ue(2)
      .ue(1)
      .u(1, 0)
      .ue(0)
      .ue(0)
      .u(1, 1)
      .u(3, 0);
    // pps 0 of sps 0, CAVLC, no slice groups, no weights, no deblocking control, redundant_pic_cnt_present_flag
    const pps = new BitWriter()
      .ue(0)
      .ue(0)
      .u(2, 0)
      .ue(0)
      .ue(0)
      .ue(0)
      .u(3, 0)
      .se(0)
      .se(0)
      .se(0)
      .u(2, 0)
      .u(1, 1);
    return { parameterSets: [nalUnit([0x67], sps), nalUnit([0x68], pps)] };
  }
});

describe('hevc NAL unit types', () => {
  const nal = (type: number, layer = 0) => Uint8Array.of(type << 1, (layer << 3) | 1);

  // ITU-T H.265 Table 7-1: reserved VCL, VPS, AUD to SEI, reserved, unspecified (62, 63: Dolby Vision)
  it.each([10, 15, 22, 23, 24, 31, 32, 35, 36, 37, 38, 39, 40, 41, 48, 62, 63])(
    'leaves type %i wholly clear',
    (type) => {
      expect(codecOf('hevc').clearBytes(nal(type), 5000)).toBe(5000);
    },
  );

  it('keeps a lead of 128 bytes of slices of other layers clear, and their parameter sets apart', () => {
    const { head, nalSizeBytes, clearBytes } = fixture('hevc');
    const codec = codecOf('hevc');
    expect(codec.clearBytes(nal(1, 1), 5000)).toBe(128);
    expect(codec.clearBytes(nal(20, 5), 90)).toBe(90);
    expect(codec.clearBytes(nal(33, 1), 40)).toBe(40);
    expect(codec.clearBytes(nal(34, 1), 40)).toBe(40);
    expect(codec.clearBytes(head, nalSizeBytes)).toBe(clearBytes);
  });

  it('has no header to read in a NAL unit of one byte', () => {
    expect(codecOf('hevc').clearBytes(Uint8Array.of(2), 1)).toBe(1);
  });
});

describe('hevc syntax that ffmpeg does not trace', () => {
  /** Main profile of one sub-layer, sps 0, 4:2:0, 64x64 samples in 16x16 blocks, poc lsb of 4 bits, no tools. */
  function spsBits(): BitWriter {
    const bits = new BitWriter().u(4, 0).u(3, 0).u(1, 1).zeros(88).u(8, 93);
    bits.ue(0).ue(1).ue(64).ue(64).u(1, 0).ue(0).ue(0).ue(0).u(1, 0).ue(4).ue(0).ue(0);
    bits.ue(0).ue(1).ue(0).ue(0).ue(0).ue(0); // block sizes: 8 to 16; transforms
    bits.u(1, 0).u(2, 0).u(1, 0); // scaling list, amp and sao, pcm
    return bits.ue(0).u(1, 0).u(1, 0).u(1, 0).u(1, 0); // short-term sets, long-term, mvp, smoothing, vui
  }

  /** pps 0 of sps 0; `weighted` sets weighted_pred_flag. */
  function ppsBits(weighted: 0 | 1): BitWriter {
    const bits = new BitWriter()
      .ue(0)
      .ue(0)
      .u(2, 0)
      .u(3, 0)
      .u(2, 0)
      .ue(0)
      .ue(0)
      .se(0)
      .u(3, 0)
      .se(0)
      .se(0)
      .u(1, 0);
    bits.u(1, weighted).u(1, 0).u(1, 0).u(2, 0).u(1, 0).u(1, 0).u(1, 0); // weights, bypass, tiles and wpp, filters, lists
    return bits.u(1, 0).ue(0).u(1, 0);
  }

  /** sps_scc_extension: palette with two initializers of 8 + 8 + 8 bits, motion vectors by the slice. */
  function screenContentSps(): Uint8Array {
    const bits = spsBits()
      .u(1, 1)
      .u(8, 0b00010000)
      .u(1, 1)
      .u(1, 1)
      .ue(31)
      .ue(2)
      .u(1, 1)
      .ue(1)
      .zeros(48)
      .u(2, 2)
      .u(1, 0);
    return nalUnit([0x42, 1], bits);
  }

  /** pps_scc_extension: the current picture as reference, three chroma offsets in each slice. */
  function screenContentPps(weighted: 0 | 1): Uint8Array {
    const bits = ppsBits(weighted).u(1, 1).u(8, 0b00010000).u(1, 1).u(1, 1).u(1, 1).se(0).se(0).se(0).u(1, 0);
    return nalUnit([0x44, 1], bits);
  }

  // IDR_N_LP, P slice: first 1, no_output 0, pps ue(0), slice_type ue(1), override 0
  const idrP = () => new BitWriter().u(2, 0b10).ue(0).ue(1).u(1, 0);

  it('follows screen content coding into the slice', () => {
    const codec = createNalCodec(createHevcGrammar(), [screenContentSps(), screenContentPps(0)]);
    // merge candidates ue(0), use_integer_mv 1, qp se(0), three act offsets se(1): 1 + 1 + 1 + 9 = 12 bits;
    // before them 2 + 1 + 3 + 1 = 7; 19 bits and the alignment bit end in the third byte after the header
    const slice = idrP().ue(0).u(1, 1).se(0).se(1).se(1).se(1).u(1, 1).zeros(4).ones(80);
    expect(codec.clearBytes(nalUnit([20 << 1, 1], slice), 14)).toBe(2 + 3);
  });

  it('refuses weights beside current picture referencing', () => {
    const codec = createNalCodec(createHevcGrammar(), [screenContentSps(), screenContentPps(1)]);
    expect(() => codec.clearBytes(nalUnit([20 << 1, 1], idrP().ones(80)), 14)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }),
    );
  });

  it('refuses screen content coding behind 3D or multilayer extensions', () => {
    const sps = nalUnit([0x42, 1], spsBits().u(1, 1).u(8, 0b00110000).ones(40));
    const pps = nalUnit([0x44, 1], ppsBits(0).u(1, 1).u(8, 0b01010000).ones(40));
    for (const set of [sps, pps]) {
      expect(() => createNalCodec(createHevcGrammar(), [set])).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }),
      );
    }
  });

  it('reads range extension chroma offsets', () => {
    // range extension: cross-component 0, list enabled 1, depth ue(0), one pair of offsets se(1) se(1), sao scales
    const range = ppsBits(0).u(1, 1).u(8, 0b10000000).u(2, 0b01).ue(0).ue(0).se(1).se(1).ue(0).ue(0);
    const codec = createNalCodec(createHevcGrammar(), [
      nalUnit([0x42, 1], spsBits().u(1, 0)),
      nalUnit([0x44, 1], range),
    ]);
    // 1 0, pps ue(0), I slice ue(2), qp se(0), cu_chroma_qp_offset_enabled 1, alignment 1: 2 + 1 + 3 + 1 + 1 = 8 bits,
    // so that the alignment bit takes a second byte
    const slice = new BitWriter().u(2, 0b10).ue(0).ue(2).se(0).u(1, 1).u(8, 0x80).ones(80);
    expect(codec.clearBytes(nalUnit([20 << 1, 1], slice), 13)).toBe(2 + 2);
  });

  it('refuses a header without its alignment bit', () => {
    const codec = createNalCodec(createHevcGrammar(), [
      nalUnit([0x42, 1], spsBits().u(1, 0)),
      nalUnit([0x44, 1], ppsBits(0).u(1, 0)),
    ]);
    const slice = new BitWriter().u(2, 0b10).ue(0).ue(2).se(0).u(1, 0).ones(80);
    expect(() => codec.clearBytes(nalUnit([20 << 1, 1], slice), 13)).toThrow(/does not end where it should/);
  });
});

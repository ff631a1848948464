import { makeColumn } from '../../bytes/columns.js';
import { ByteReader } from '../../bytes/reader.js';
import { type ByteSource, readBytes } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import { type AuxInfoKind, CENC_SCHEMES, readAuxInfoKind } from '../../isobmff/boxes/aux-info.js';
import { readVersionAndFlags } from '../../isobmff/boxes/box.js';
import { fourthEditionProblem, SEVERAL_KEYS } from '../../isobmff/boxes/fourth-edition.js';
import { PIFF_SENC } from '../../isobmff/boxes/piff.js';
import { readSaio } from '../../isobmff/boxes/saio.js';
import { readSaiz } from '../../isobmff/boxes/saiz.js';
import { readSenc, type SencColumns } from '../../isobmff/boxes/senc.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import type { BoxNode } from '../../isobmff/walk.js';
import type { SampleRun } from './sample-run.js';

/**
 * The IVs and subsamples of a run, from `senc`, its PIFF form, or `saiz` and `saio`; undefined when none is there.
 * @throws PrpackError MALFORMED_INPUT, TRUNCATED_INPUT, UNSUPPORTED_FEATURE
 */
export function readColumns(run: SampleRun, ivSize: number, source: ByteSource): SencColumns | undefined {
  const saiz = findAuxiliary(run, 'saiz');
  const saio = findAuxiliary(run, 'saio');
  const senc = run.boxes.find((box) => box.type === 'senc');
  if (senc) return readSenc(readerOf(senc, run.slice), ivSize);
  const piff = run.boxes.find((box) => box.userType === PIFF_SENC);
  if (piff) return readSenc(readerOf(piff, run.slice), ivSize);
  return saiz && saio && readAuxiliary(run, saiz, saio, ivSize, source);
}

/** The `saiz` or `saio` of the protection; there may be others, of other auxiliary information (14496-12 8.7.8.3). */
function findAuxiliary(run: SampleRun, type: 'saiz' | 'saio'): BoxNode | undefined {
  return run.boxes.find((box) => {
    if (box.type !== type) return false;
    const reader = readerOf(box, run.slice);
    const { auxInfoType, auxInfoTypeParameter }: AuxInfoKind = readAuxInfoKind(
      reader,
      readVersionAndFlags(reader, 1).flags,
    );
    if (auxInfoType !== undefined && !CENC_SCHEMES.has(auxInfoType)) return false;
    if (auxInfoTypeParameter === MULTI_KEY_PARAMETER) throw fourthEditionProblem(reader, SEVERAL_KEYS, 0);
    return true;
  });
}

/** aux_info_type_parameter of auxiliary information whose subsamples name their keys (23001-7:2023 7.1). */
const MULTI_KEY_PARAMETER = 1;

/**
 * Sample auxiliary information that lies anywhere in the file (14496-12 8.7.8, 8.7.9), laid out like `senc` entries.
 */
function readAuxiliary(
  run: SampleRun,
  saizNode: BoxNode,
  saioNode: BoxNode,
  ivSize: number,
  source: ByteSource,
): SencColumns | undefined {
  const saiz = readSaiz(readerOf(saizNode, run.slice));
  const saio = readSaio(readerOf(saioNode, run.slice));
  if (saiz.sampleCount !== run.count || saio.offsets.length !== 1) throw scatteredAuxiliary(saioNode);
  const sizes = makeColumn('u8', run.count);
  if (saiz.sizes) sizes.set(saiz.sizes);
  else sizes.fill(saiz.defaultSampleInfoSize);
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (totalBytes === 0) return undefined;
  const offsetBytes = run.baseBytes + saio.offsets[0];
  const reader = new ByteReader(readBytes(source, offsetBytes, totalBytes), {
    boxPath: saioNode.path,
    offsetBytes,
  });
  return readEntries(reader, sizes, ivSize);
}

function readEntries(reader: ByteReader, sizes: Uint8Array, ivSize: number): SencColumns {
  const ivs = new Uint8Array(sizes.length * ivSize);
  const starts = new Uint32Array(sizes.length + 1);
  const clearBytes: number[] = [];
  const protectedBytes: number[] = [];
  for (const [i, size] of sizes.entries()) {
    ivs.set(reader.take(ivSize), i * ivSize);
    const count = size > ivSize ? reader.u16() : 0;
    for (let row = 0; row < count; row++) {
      clearBytes.push(reader.u16());
      protectedBytes.push(reader.u32());
    }
    starts[i + 1] = clearBytes.length;
  }
  const hasSubsamples = clearBytes.length > 0;
  return {
    sampleCount: sizes.length,
    ivSize,
    ivs,
    ...(hasSubsamples && {
      subsamples: {
        starts,
        clearBytes: Uint16Array.from(clearBytes),
        protectedBytes: Uint32Array.from(protectedBytes),
      },
    }),
  };
}

function scatteredAuxiliary(saio: BoxNode): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `${saio.path}: auxiliary information in several places`, {
    boxPath: saio.path,
    offsetBytes: saio.startBytes,
    clause: 'ISO/IEC 14496-12 8.7.9',
    remedy: 'Remux the file so that each fragment holds its senc in one box.',
  });
}

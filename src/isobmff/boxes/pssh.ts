import type { ByteReader } from '../../bytes/reader.js';
import { bytesToUuid, uuidToBytes } from '../../bytes/uuid.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';

/** ProtectionSystemSpecificHeaderBox (ISO/IEC 23001-7 8.1). */
export interface Pssh {
  /** UUID text. */
  readonly systemId: string;
  /** KIDs as UUID text; none in version 0. */
  readonly keyIds: readonly string[];
  /** What the protection system alone understands. */
  readonly data: Uint8Array;
}

/**
 * Reads the payload after the box header (after the extended type, for the PIFF `uuid` form).
 * @throws PrpackError MALFORMED_INPUT
 */
export function readPssh(reader: ByteReader): Pssh {
  const { version } = readVersionAndFlags(reader, 1);
  const systemId = bytesToUuid(reader.take(16));
  const keyIdCount = version > 0 ? reader.u32() : 0;
  reader.assertEntries(keyIdCount, 16);
  const keyIds = Array.from({ length: keyIdCount }, () => bytesToUuid(reader.take(16)));
  const dataSize = reader.u32();
  return { systemId, keyIds, data: reader.take(dataSize).slice() };
}

/** The whole box: version 0 without KIDs, 1 with them. */
export function writePssh(pssh: Pssh): Uint8Array {
  const version = pssh.keyIds.length > 0 ? 1 : 0;
  const payload = new ByteWriter().bytes(uuidToBytes(pssh.systemId)!);
  if (version > 0) {
    payload.u32(pssh.keyIds.length);
    for (const keyId of pssh.keyIds) payload.bytes(uuidToBytes(keyId)!);
  }
  payload.u32(pssh.data.length);
  return fullBox('pssh', version, 0, payload.finish(), pssh.data);
}

import type { ByteSource } from '../bytes/source.js';
import { readMoof } from '../isobmff/fragments.js';
import type { Movie } from '../isobmff/movie.js';
import { RunKind } from '../isobmff/top-level.js';
import { type BoxNode, MAX_HEADER_BYTES, readBoxHeader } from '../isobmff/walk.js';
import type { BoxReport } from './types.js';

/** The box tree of a file, in file order: `moov` and `moof` with what is inside, other boxes as they are. */
export function reportBoxes(movie: Movie, source: ByteSource): BoxReport[] {
  const { topLevel } = movie;
  const reports: BoxReport[] = [];
  for (let run = 0; run < topLevel.count; run++) {
    const kind = topLevel.kinds[run];
    if (kind === RunKind.Moov) reports.push(reportOf(movie.moovNode));
    else if (kind === RunKind.Moof) reports.push(reportOf(readMoof(source, topLevel, run).node));
    else reports.push(...reportRun(topLevel.startBytes[run], topLevel.startBytes[run + 1], source));
  }
  return reports;
}

function reportOf({ type, startBytes, sizeBytes, children }: BoxNode): BoxReport {
  return {
    type,
    offsetBytes: startBytes,
    sizeBytes,
    ...(children.length > 0 && { children: children.map(reportOf) }),
  };
}

/** The boxes of a run, one after the other. */
function reportRun(startBytes: number, endBytes: number, source: ByteSource): BoxReport[] {
  const reports: BoxReport[] = [];
  const head = new Uint8Array(MAX_HEADER_BYTES);
  for (let at = startBytes; at < endBytes; ) {
    const bytes = head.subarray(0, Math.min(MAX_HEADER_BYTES, endBytes - at));
    source.readInto(bytes, at);
    const header = readBoxHeader(bytes, at, '');
    const sizeBytes = header?.sizeBytes || endBytes - at;
    reports.push({ type: header?.type ?? '(bytes)', offsetBytes: at, sizeBytes });
    at += sizeBytes;
  }
  return reports;
}

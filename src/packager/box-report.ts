import type { ByteSource } from '../bytes/source.js';
import type { Movie } from '../isobmff/movie.js';
import { boxesOfRun, RunKind, readRun } from '../isobmff/top-level.js';
import { type BoxNode, walkBox } from '../isobmff/walk.js';
import type { BoxReport } from './types.js';

/** The box tree of a file, in file order: `moov` and `moof` with what is inside, other boxes as they are. */
export function reportBoxes(movie: Movie, source: ByteSource): BoxReport[] {
  const { topLevel } = movie;
  const reports: BoxReport[] = [];
  for (let run = 0; run < topLevel.count; run++) {
    const kind = topLevel.kinds[run];
    if (kind === RunKind.Moov) reports.push(reportOf(movie.moovNode));
    else if (kind === RunKind.Moof) reports.push(reportOf(walkBox(readRun(source, topLevel, run), 'moof')));
    else {
      for (const { type = '(bytes)', startBytes, sizeBytes } of boxesOfRun(source, topLevel, run)) {
        reports.push({ type, offsetBytes: startBytes, sizeBytes });
      }
    }
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

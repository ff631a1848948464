import type { Timed } from './addressing.js';

/**
 * Peak segment bit rate in bits per second, rounded up: the largest of all runs of whole segments that last from half a target
 * duration to one and a half. Where all segments together are shorter, it is their rate
 * (draft-pantos-hls-rfc8216bis 4.1).
 * @param targetSeconds EXT-X-TARGETDURATION
 * @example
 * peakBitsPerSecond({ timescaleHz: 1, segments: [{ startTicks: 0, durationTicks: 2, sizeBytes: 100 }] }, 2); // 400
 */
export function peakBitsPerSecond(track: Timed, targetSeconds: number): number {
  const { segments, timescaleHz } = track;
  // Doubled, so that halves of an odd target stay integers.
  const shortestTicks = targetSeconds * timescaleHz;
  const longestTicks = 3 * targetSeconds * timescaleHz;
  let peak = 0;
  for (let first = 0; first < segments.length; first++) {
    let ticks = 0;
    let sizeBytes = 0;
    for (let last = first; last < segments.length; last++) {
      ticks += segments[last].durationTicks;
      sizeBytes += segments[last].sizeBytes;
      if (2 * ticks > longestTicks) break;
      if (ticks > 0 && 2 * ticks >= shortestTicks) {
        peak = Math.max(peak, Math.ceil((8 * sizeBytes * timescaleHz) / ticks));
      }
    }
  }
  return peak || averageBitsPerSecond(track);
}

/**
 * Average segment bit rate in bits per second, rounded up: all bytes by all time (draft-pantos-hls-rfc8216bis 4.1).
 * @example
 * averageBitsPerSecond({ timescaleHz: 1000, segments }); // 81920
 */
export function averageBitsPerSecond({ timescaleHz, segments }: Timed): number {
  const sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  const ticks = segments.reduce((sum, segment) => sum + segment.durationTicks, 0);
  return ticks === 0 ? 0 : Math.ceil((8 * sizeBytes * timescaleHz) / ticks);
}

/**
 * `Representation@bandwidth` in bits per second: the smallest constant rate by which every segment is there when it is due, for a client
 * that starts at any segment and plays `minBufferSeconds` after its first bit (ISO/IEC 23009-1 5.3.5.2).
 * @param minBufferSeconds `MPD@minBufferTime`, above 0
 * @example
 * dashBitsPerSecond({ timescaleHz: 1, segments: [{ startTicks: 0, durationTicks: 2, sizeBytes: 100 }] }, 2); // 400
 */
export function dashBitsPerSecond(track: Timed, minBufferSeconds: number): number {
  const isEnough = (rate: number) => arrivesInTime(track, minBufferSeconds, rate);
  let enough = 1;
  while (!isEnough(enough)) enough *= 2;
  let tooLittle = enough === 1 ? 0 : enough / 2;
  while (enough - tooLittle > 1) {
    const middle = Math.floor((tooLittle + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else tooLittle = middle;
  }
  return enough;
}

/** Whether no segment is late at this rate, wherever the client started: one pass keeps the start that is worst so far. */
function arrivesInTime({ timescaleHz, segments }: Timed, minBufferSeconds: number, rate: number): boolean {
  const bufferBits = rate * minBufferSeconds;
  let debtBits = 0; // of the worst start: what had to arrive, less what could since
  for (const { durationTicks, sizeBytes } of segments) {
    debtBits = Math.max(debtBits, 0) + 8 * sizeBytes;
    // A billionth part covers the rounding of the sums.
    if (debtBits > bufferBits * (1 + 1e-9)) return false;
    debtBits -= (rate * durationTicks) / timescaleHz;
  }
  return true;
}

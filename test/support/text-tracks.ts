import { boxesIn } from './mp4-reader.js';

/** The boxes of a sample of WebVTT in MP4: of each cue the text of its boxes by type; an empty cue has none. */
export function readCues(sample: Buffer): Record<string, string>[] {
  return boxesIn(sample).map(({ offset, size, header }) => {
    const inside = sample.subarray(offset + header, offset + size);
    return Object.fromEntries(
      boxesIn(inside).map((box) => {
        const value = inside.subarray(box.offset + box.header, box.offset + box.size);
        return [box.type, box.type === 'vsid' ? `${value.readUInt32BE()}` : value.toString('utf8')];
      }),
    );
  });
}

import { MemorySource } from '../../src/bytes/source.js';
import { FragmentedPlan, fragmentationOf } from '../../src/layout/fragmented-plan.js';
import { PiffPlan } from '../../src/layout/piff-plan.js';
import { presentationOf } from '../../src/layout/presentation.js';
import { smoothTimes } from '../../src/layout/smooth-times.js';
import { box, u32 } from '../support/builder/boxes.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { progressive } from '../support/builder/progressive.js';
import { movieOf } from '../support/movies.js';
import { boxesIn } from '../support/mp4-reader.js';
import { render, wholeSamples } from './plans.js';

export const PLAYREADY = '9a04f079-9840-4286-ab92-e65be0885f95';
export const hex = (uuid: string) => Buffer.from(uuid.replaceAll('-', ''), 'hex');
const psshOf = (systemId: string) => box('pssh', u32(0), hex(systemId), u32(3), Buffer.from('abc'));

/** A PIFF file of five samples in three fragments, over a CMAF file that has them. */
export function piff() {
  const { movie, source } = movieOf(
    progressive([{ ...audioTrackOf([10, 20, 30, 40, 50]), edits: [{ duration: 0, mediaTime: 1024 }] }]),
  );
  const [track] = movie.tracks;
  const fragmentation = fragmentationOf(presentationOf(movie, source), (2 * 1024) / 48000);
  const encryption = wholeSamples(track);
  const encrypted = new FragmentedPlan({
    movie,
    source,
    encryptions: [encryption],
    fragmentation,
    psshBoxes: [psshOf(PLAYREADY), psshOf('1077efec-c0b2-4d02-ace3-3c1e52e2fb4b')],
    isCmaf: true,
  });
  const cut = { movie, track, cuts: fragmentation.cuts };
  const [[times]] = smoothTimes([[cut]]);
  const plan = new PiffPlan({ ...cut, encrypted, encryption, times, systemId: PLAYREADY });
  const media = new MemorySource(render(encrypted, source));
  const bytes = render(plan, media);
  return {
    plan,
    media,
    encryption,
    times,
    bytes,
    top: boxesIn(bytes),
    samples: track.samples,
    input: source,
  };
}

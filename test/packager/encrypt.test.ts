import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { box } from '../support/builder/boxes.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptTo } from '../support/jobs.js';
import { sample, testMedia } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const INPUT = sample('bars.mp4');
let count = 0;

/** A new empty folder; returns paths inside it. */
function folder(): (name?: string) => string {
  const path = temporary(`case${count++}`);
  mkdirSync(path);
  return (name = '') => `${path}/${name}`;
}

describe('encrypt', () => {
  it.each(['plan', 'write', 'check'])('leaves nothing when it is stopped in phase %s', async (wanted) => {
    const inside = folder();
    const stop = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === wanted) stop.abort();
    };
    const job = encryptTo(INPUT, inside('out.mp4'), { signal: stop.signal, onProgress });
    await expect(job).rejects.toMatchObject({ code: 'ABORTED' });
    expect(readdirSync(inside())).toEqual([]);
  });

  it('does nothing when it is stopped before it begins', async () => {
    const inside = folder();
    const job = encryptTo(INPUT, inside('out.mp4'), { signal: AbortSignal.abort() });
    await expect(job).rejects.toMatchObject({ code: 'ABORTED' });
    expect(readdirSync(inside())).toEqual([]);
  });

  it('does not touch an output that is there, without leave', async () => {
    const inside = folder();
    writeFileSync(inside('out.mp4'), 'old');
    await expect(encryptTo(INPUT, inside('out.mp4'))).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect(readFileSync(inside('out.mp4'), 'utf8')).toBe('old');
    expect(readdirSync(inside())).toEqual(['out.mp4']);
  });

  it.each(['out.mpd', 'out.m3u8', 'out.ISM'])(
    'refuses the name of a manifest, %s, before it reads',
    async (name) => {
      const inside = folder();
      await expect(encryptTo(inside('missing.mp4'), inside(name))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { remedy: expect.stringContaining('prpack package writes manifests') },
      });
      await encryptTo(INPUT, inside('out.ismv'));
      expect(readdirSync(inside())).toEqual(['out.ismv']);
    },
  );

  it('warns that no player reads samples of moov and of fragments, layout kept', async () => {
    const hybrid = testMedia('moov-and-moofs.mp4');
    const inside = folder();
    const kept = await encryptTo(hybrid, inside('keep.mp4'), { layout: 'keep' });
    expect(kept.warnings.join()).toContain('No known player reads');
    expect((await encryptTo(hybrid, inside('fragmented.mp4'))).warnings.join()).not.toContain(
      'No known player',
    );
    const fragments = await encryptTo(sample('bars-fragmented.mp4'), inside('moofs.mp4'), { layout: 'keep' });
    const progressiveFile = await encryptTo(INPUT, inside('moov.mp4'), { layout: 'keep' });
    expect([...fragments.warnings, ...progressiveFile.warnings].join()).not.toContain('No known player');
  });

  it('refuses its input as output by any name', async () => {
    const inside = folder();
    writeFileSync(inside('in.mp4'), readFileSync(INPUT));
    symlinkSync('in.mp4', inside('link.mp4'));
    for (const name of ['in.mp4', 'link.mp4']) {
      const job = encryptTo(inside('in.mp4'), inside(name), { force: true });
      await expect(job).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    expect(readFileSync(inside('in.mp4')).equals(readFileSync(INPUT))).toBe(true);
  });

  it.each(['missing/out.mp4', `${'x'.repeat(300)}.mp4`])(
    'says that the output cannot be made: %s',
    async (name) => {
      const inside = folder();
      await expect(encryptTo(INPUT, inside(name))).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
      expect(readdirSync(inside())).toEqual([]);
    },
  );

  it('reports warnings of the layout', async () => {
    const inside = folder();
    const bytes = progressive([audioTrackOf([100])], { moov: 'last' });
    writePieces(inside('in.mp4'), bytes);
    const { warnings } = await encryptTo(inside('in.mp4'), inside('out.mp4'), { systems: ['common'] });
    expect(warnings).toEqual([]);
    expect(readdirSync(inside()).sort()).toEqual(['in.mp4', 'out.mp4']);
  });

  it('carries boxes beside the movie', async () => {
    const inside = folder();
    const extra = box('uuid', Buffer.alloc(40, 7));
    writePieces(inside('in.mp4'), progressive([audioTrackOf([100])], { beforeMdat: [extra] }));
    for (const layout of ['fragmented', 'keep'] as const) {
      await encryptTo(inside('in.mp4'), inside(`${layout}.mp4`), { layout });
      expect(readFileSync(inside(`${layout}.mp4`)).includes(extra)).toBe(true);
    }
  });
});

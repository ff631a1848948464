import { describe, expect, it } from 'vitest';
import { settingsFingerprint } from '../../src/packager/batch/plan.js';
import type { Job } from '../../src/packager/batch/types.js';
import { jobIdOf, packJob, unpackJob } from '../../src/queue/job-data.js';
import { KEY } from '../support/jobs.js';

const JOB: Job = {
  input: '/media/film.mp4',
  output: '/out/film.enc.mp4',
  contentId: 'film',
  settings: {
    scheme: 'cbcs',
    pattern: '1:9',
    tracks: ['video', 2],
    extraPssh: [new Uint8Array([0, 1, 254, 255])],
    policy: { name: 'rental', hours: 48 },
    decryptKeys: 'seed:/secrets/seed.txt',
  },
};

describe('a job in the queue', () => {
  it('comes out of JSON as it was', () => {
    const sent = JSON.parse(JSON.stringify(packJob(JOB)));
    expect(unpackJob(sent)).toEqual(JOB);
    expect(settingsFingerprint(unpackJob(sent))).toBe(settingsFingerprint(JOB));
  });

  it.each<[string, Partial<Job>]>([
    ['a key in a policy', { settings: { policy: { rules: [{ key: KEY }] } } }],
    [
      'a password in a CPIX document',
      { settings: { decryptKeys: 'cpix:https://me:word@example.com/a.cpix' } },
    ],
    ['a password in the URL of an input', { input: 'https://me:word@example.com/film.mp4' }],
    [
      'a password in an input of a title',
      { title: { inputs: ['https://me@example.com/film.mp4'] } as unknown as NonNullable<Job['title']> },
    ],
  ])('is refused with %s, which is not repeated', (_, part) => {
    const error = failureOf(() => packJob({ ...JOB, ...part }));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(JSON.stringify(error)).not.toContain(KEY);
    expect(JSON.stringify(error)).not.toContain('word@');
  });

  it('has one name for one wish, and another for another', () => {
    const id = jobIdOf(JOB, false, '/out/r.jsonl');
    expect(jobIdOf(structuredClone(JOB), false, '/out/r.jsonl')).toBe(id);
    const others = [
      jobIdOf(JOB, true, '/out/r.jsonl'),
      jobIdOf(JOB, false, '/out/other.jsonl'),
      jobIdOf({ ...JOB, input: '/media/other.mp4' }, false, '/out/r.jsonl'),
      jobIdOf({ ...JOB, settings: { ...JOB.settings, scheme: 'cenc' } }, false, '/out/r.jsonl'),
    ];
    expect(new Set([id, ...others]).size).toBe(5);
  });
});

function failureOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

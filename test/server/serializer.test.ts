import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { KeyPage, RegistrationResults, StoredKeyBody } from '../../src/server/rest/schemas.js';
import { compileSerializer } from '../../src/server/serializer.js';

const write = (schema: z.ZodType) => compileSerializer({ schema, method: 'GET', url: '/' } as never);

const RECORD = {
  kid: '10000000-1000-1000-1000-100000000001',
  algorithm: 'AESCTR',
  contentId: 'film "7"\u2028',
  period: 0,
  source: 'given',
  policy: { minSecurityLevel: 2000, playEnablers: ['a', { b: null }] },
  checksum: 'hEL0rDnDBqQ=',
  state: 'active',
  outputs: [{ fingerprint: 'a'.repeat(64) }, { fingerprint: 'b'.repeat(64), madeFrom: 'in.mp4' }],
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

describe('compileSerializer', () => {
  it.each([
    ['a key', StoredKeyBody, { record: RECORD, key: '3a2a1b68dd2bd9b2eeb25e84c4776668' }],
    ['a key of a seed', StoredKeyBody, { key: undefined, record: { ...RECORD, seedId: 's' } }],
    ['a page', KeyPage, { next: 'cursor', items: [RECORD, { ...RECORD, label: 'HD' }] }],
    ['an empty page', KeyPage, { items: [] }],
    [
      'results',
      RegistrationResults,
      { results: [{ kid: RECORD.kid, status: 409, outcome: 'conflict', problem: 'no' }] },
    ],
  ])('writes %s as the schema and JSON.stringify do', (_, schema, value) => {
    expect(write(schema)(value)).toBe(JSON.stringify(schema.parse(value)));
  });

  it('leaves out what the schema does not name', () => {
    const text = write(KeyPage)({ items: [{ ...RECORD, key: 'secret' }], key: 'secret' });
    expect(text).not.toContain('secret');
  });
});

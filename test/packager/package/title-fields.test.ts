import { describe, expect, it } from 'vitest';
import { inPlaceOf } from '../../../src/packager/package/title-fields.js';

describe('what is said of a title with more weight', () => {
  it('goes before the same, and field by field in the PlayReady header', () => {
    const file = {
      scheme: 'cenc',
      keyPer: 'track',
      playready: { laUrl: 'https://a.example', checksum: false },
    } as const;
    const line = { keyPer: 'none', playready: { laUrl: 'https://b.example' } } as const;
    expect(inPlaceOf(file, line)).toEqual({
      scheme: 'cenc',
      keyPer: 'none',
      playready: { laUrl: 'https://b.example', checksum: false },
    });
  });

  it('ends what it excludes, in both directions', () => {
    expect(inPlaceOf({ scheme: 'cenc' }, { schemes: ['cenc', 'cbcs'] })).toEqual({
      schemes: ['cenc', 'cbcs'],
    });
    expect(inPlaceOf({ schemes: ['cenc', 'cbcs'] }, { scheme: 'cbcs' })).toEqual({ scheme: 'cbcs' });
    expect(inPlaceOf({ scheme: 'cenc', ivSize: 16 }, {})).toEqual({ scheme: 'cenc', ivSize: 16 });
  });
});

import { describe, expect, it } from 'vitest';
import { bare, tag } from '../../../src/manifest/hls/attributes.js';

describe('an attribute list', () => {
  it('quotes strings, and nothing else', () => {
    expect(tag('EXT-X-A', { S: 'a,b=c', N: 7, E: bare('YES'), U: undefined })).toBe(
      '#EXT-X-A:S="a,b=c",N=7,E=YES',
    );
  });

  it.each(['"', 'a\nb', 'a\rb'])('refuses %j, which cannot be quoted', (text) => {
    expect(() => tag('EXT-X-A', { S: text })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

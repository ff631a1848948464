import { describe, expect, it } from 'vitest';
import { codecFamily, mainSet, rolesOf, setsOf, shortestLanguage } from '../../src/manifest/sets.js';
import { audio, ON_DEMAND, TEXT, VIDEO } from './examples.js';

describe('shortestLanguage', () => {
  it.each([
    ['eng', 'en'],
    ['ger', 'de'],
    ['deu', 'de'],
    ['pt-br', 'pt-BR'],
    ['und', 'und'],
  ])('makes %s to %s', (given, expected) => {
    expect(shortestLanguage(given)).toBe(expected);
  });

  it('refuses what is no tag', () => {
    expect(() => shortestLanguage('English language')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('sets', () => {
  const english = audio(2, 'en', 'English');
  const german = audio(3, 'de', 'Deutsch');
  const described = { ...audio(4, 'en', 'Described'), accessibility: ['description'] as const };

  it('have a main one: by role, else the first for everybody', () => {
    const sets = [described, english, german];
    expect(mainSet({ durationSeconds: 8, switchingSets: sets }, 'audio')).toBe(english);
    const germanMain = { ...german, roles: ['main'] as const };
    expect(mainSet({ durationSeconds: 8, switchingSets: [english, germanMain] }, 'audio')).toBe(germanMain);
    expect(mainSet({ durationSeconds: 8, switchingSets: [described] }, 'audio')).toBe(described);
    expect(mainSet(ON_DEMAND, 'thumbnails')).toBeUndefined();
  });

  it('have roles, their own or those that follow', () => {
    const presentation = { durationSeconds: 8, switchingSets: [VIDEO, english, german, described, TEXT] };
    expect(presentation.switchingSets.map((set) => rolesOf(presentation, set))).toEqual([
      ['main'],
      ['main'],
      [],
      [],
      ['subtitle'],
    ]);
    expect(rolesOf(presentation, { ...german, roles: ['dub'] })).toEqual(['dub']);
  });

  it('of one kind leave out those for fast forward', () => {
    const trickPlay = { ...VIDEO, id: 5, trickPlay: { ofSetId: 1, maxPlayoutRate: 8 } };
    const presentation = { durationSeconds: 8, switchingSets: [VIDEO, trickPlay, english] };
    expect(setsOf(presentation, 'video')).toEqual([VIDEO]);
    expect(rolesOf(presentation, trickPlay)).toEqual([]);
  });

  it('have codecs of a family', () => {
    expect(codecFamily('mp4a.40.2')).toBe('mp4a');
    expect(codecFamily('ec-3')).toBe('ec-3');
  });
});

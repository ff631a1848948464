import { isPublicTestSeed } from '../keys/key-seed.js';

const TEST_SPACE = 'playready-test:';

/**
 * What the keys of a content are registered under. Those of Microsoft's public test seed have a name space of their own: a trial does
 * not take the name of a content whose keys are to be secret.
 * @param seedId of the seed that the keys follow from, if they follow from one
 */
export function registeredName(contentId: string, seedId: string | undefined): string {
  return isPublicTestSeed(seedId) ? `${TEST_SPACE}${contentId}` : contentId;
}

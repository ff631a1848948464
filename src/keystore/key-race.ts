import { isKeyRace } from './registration-rules.js';

/** A race is lost once for each label; more often only to a store that never shows the key which won. */
const MAX_ATTEMPTS = 20;

/**
 * Does a job again when the keys that it made were refused with `ContentHasKey`, because others were registered after it had looked
 * for some: now it finds those.
 */
export async function retryOnKeyRace<T>(job: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await job();
    } catch (error) {
      if (!isKeyRace(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

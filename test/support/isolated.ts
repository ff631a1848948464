/**
 * Test files with a process of their own. The others share one for each worker of Vitest, which loads the modules of src/ once. These put
 * something else in the place of a module, change the flags of V8, or look at what a thread has done since it began.
 */
export const ISOLATED = [
  'test/bytes/release.test.ts',
  'test/bytes/sinks/directory-sink.test.ts',
  'test/bytes/sinks/file-sink.test.ts',
  'test/keys/cpix/encryption.test.ts',
  'test/keys/http/client.test.ts',
  'test/packager/stream/same-as-keep.test.ts',
];

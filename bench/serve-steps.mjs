/** Steps from the peer of bench/serve.mjs to a key server, in the order in which bench/serve-peer.mjs adds them. */
export const STEPS = [
  'tokens',
  'validation',
  'log',
  'security headers',
  'wrapped keys',
  'indexes and rules',
  'audit',
];

import type { SchemeName } from '../../src/cenc/scheme.js';

/** One sample under a scheme; its clear bytes are the first `sizeBytes` of CLEAR. */
export interface SampleVector {
  readonly name: string;
  readonly scheme: SchemeName;
  /** Hex, as `encrypted`. */
  readonly iv: string;
  /** crypt and skip blocks */
  readonly pattern: readonly [number, number];
  /** Clear and protected bytes; absent: the whole sample is protected. */
  readonly subsamples?: readonly (readonly [number, number])[];
  readonly sizeBytes: number;
  readonly encrypted: string;
}

/**
 * Computed in two ways that agreed: block by block with AES-ECB, and with the CBC and CTR modes of node:crypto over the
 * chosen ranges.
 */
export const KEY = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
export const CLEAR =
  'a448a45282918cf47773386a113eae3966afdde819fc4f421422960a2c7ad058cb251eab44ec1ecf48449f769f9e39b2' +
  'df9a32aad8c548cc3f9298678ea84fae0b4fc15354dc9790035faafe2556734bdfcf41663f7849742c9155f6fe528ef5' +
  'b1ae5115895b783e1e04e244751d97076098b9fc7abb2c67101ba7b6861321e50a3d5833ad558a74ee4d1e722dfc5ef7' +
  '806568ebae0c912dc23b86e1bed80f96321fbe574ea6cff523f196f380797f4db8f71f108efd7003201d00086d9ac07e' +
  '9c06473c51df73b4f171ae81e53b041361d5871f1378c84dec7d0670c45fc76aea93592143e36c1061fe460dd50b3f7b' +
  '3dc738c3533eca183e3f13d283c542b21925f5873d04a73caba21a0adf6d44621e111c1131f548b11414f98a7b35abe8' +
  '81684af69783bfebb43614288b00f171c1e87a756a576c59ffa6867f59d83e51783061b136d1ced332140df15d6f71f0' +
  '10f5414ddfa09d1c453d39ea8647226211330d1bde3aa80436255c7a3b2ad798e407de11b86637a31c683cb46805c50e' +
  '84a41d8b2eb8fe699223234677de685edf0bbbbafd7bef0fc6db7a8c2ac8b0ed27102b314ec47cdcab88e42d6f21033f' +
  'f6fdbf7b6ee86b7ccbe26211cfae19859fd42b2e42f47282a2e150c6885be89c36aa62358dd6d111e9d7626538aa5bc6' +
  '2fc76cfd3111dfa9a3cd1b15c37cde5831ce04f9797a1e745eeb300669428ad0951e7efa3e01464f';

export const SAMPLE_VECTORS: readonly SampleVector[] = [
  {
    name: 'cbcs audio: whole sample, last 5 bytes clear',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [0, 0],
    sizeBytes: 53,
    encrypted:
      '2e602f302a7fae45bb4beb955f8420e5a0b0de95da9dbadbd44e0a9a8f93759689d63b3d08e53c51ae2c9cbccbdae989' +
      'df9a32aad8',
  },
  {
    name: 'cbcs audio: sample of 15 bytes stays clear',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [0, 0],
    sizeBytes: 15,
    encrypted: 'a448a45282918cf47773386a113eae',
  },
  {
    name: 'cbcs audio: sample of 16 bytes',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [0, 0],
    sizeBytes: 16,
    encrypted: '2e602f302a7fae45bb4beb955f8420e5',
  },
  {
    name: 'cbcs audio: sample of 0 bytes',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [0, 0],
    sizeBytes: 0,
    encrypted: '',
  },
  {
    name: 'cbcs video 1:9, one subsample of 330 bytes',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [1, 9],
    subsamples: [[10, 330]],
    sizeBytes: 340,
    encrypted:
      'a448a45282918cf4777383832f6fa56bc6f8fa303d6789422ea9960a2c7ad058cb251eab44ec1ecf48449f769f9e39b2' +
      'df9a32aad8c548cc3f9298678ea84fae0b4fc15354dc9790035faafe2556734bdfcf41663f7849742c9155f6fe528ef5' +
      'b1ae5115895b783e1e04e244751d97076098b9fc7abb2c67101ba7b6861321e50a3d5833ad558a74ee4d1e722dfc5ef7' +
      '806568ebae0c912dc23b86e1bed80f96321fbe574ea6cff523f1f7a23aa079071870e9d1c50693be7b3200086d9ac07e' +
      '9c06473c51df73b4f171ae81e53b041361d5871f1378c84dec7d0670c45fc76aea93592143e36c1061fe460dd50b3f7b' +
      '3dc738c3533eca183e3f13d283c542b21925f5873d04a73caba21a0adf6d44621e111c1131f548b11414f98a7b35abe8' +
      '81684af69783bfebb43614288b00f171c1e87a756a576c59ffa6867f59d83e51783061b136d1ced332140df15d6f71f0' +
      '10f5414d',
  },
  {
    name: 'cbcs video 1:9, chain restarts at each subsample',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [1, 9],
    subsamples: [
      [9, 191],
      [11, 189],
    ],
    sizeBytes: 400,
    encrypted:
      'a448a45282918cf477735f046eba854db241fb4fffd7ccf34222960a2c7ad058cb251eab44ec1ecf48449f769f9e39b2' +
      'df9a32aad8c548cc3f9298678ea84fae0b4fc15354dc9790035faafe2556734bdfcf41663f7849742c9155f6fe528ef5' +
      'b1ae5115895b783e1e04e244751d97076098b9fc7abb2c67101ba7b6861321e50a3d5833ad558a74ee4d1e722dfc5ef7' +
      '806568ebae0c912dc23b86e1bed80f96321fbe574ea6cff5238bad33a80ac82811904f9ca835635cc61d00086d9ac07e' +
      '9c06473c51df73b4f171ae81e53b041361d5870e22863f91829540ef2e2dba7681e2612143e36c1061fe460dd50b3f7b' +
      '3dc738c3533eca183e3f13d283c542b21925f5873d04a73caba21a0adf6d44621e111c1131f548b11414f98a7b35abe8' +
      '81684af69783bfebb43614288b00f171c1e87a756a576c59ffa6867f59d83e51783061b136d1ced332140df15d6f71f0' +
      '10f5414ddfa09d1c453d39ea8647226211330d1bde3aa80436255c7a3b2ad798e407de2cc8e9e5ba5f21e0f43a848edf' +
      'bf1b0d8b2eb8fe699223234677de685e',
  },
  {
    name: 'cbcs video 1:9, chain goes over skipped blocks',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [1, 9],
    subsamples: [[8, 512]],
    sizeBytes: 520,
    encrypted:
      'a448a45282918cf42d06c3e64d2ab816d7deb31de20322231422960a2c7ad058cb251eab44ec1ecf48449f769f9e39b2' +
      'df9a32aad8c548cc3f9298678ea84fae0b4fc15354dc9790035faafe2556734bdfcf41663f7849742c9155f6fe528ef5' +
      'b1ae5115895b783e1e04e244751d97076098b9fc7abb2c67101ba7b6861321e50a3d5833ad558a74ee4d1e722dfc5ef7' +
      '806568ebae0c912dc23b86e1bed80f96321fbe574ea6cff5bcd2bd4e9066b22a1eb0bda61ea79771201d00086d9ac07e' +
      '9c06473c51df73b4f171ae81e53b041361d5871f1378c84dec7d0670c45fc76aea93592143e36c1061fe460dd50b3f7b' +
      '3dc738c3533eca183e3f13d283c542b21925f5873d04a73caba21a0adf6d44621e111c1131f548b11414f98a7b35abe8' +
      '81684af69783bfebb43614288b00f171c1e87a756a576c59ffa6867f59d83e51783061b136d1ced30393f600c4da639f' +
      '632b6a6149b82db7453d39ea8647226211330d1bde3aa80436255c7a3b2ad798e407de11b86637a31c683cb46805c50e' +
      '84a41d8b2eb8fe699223234677de685edf0bbbbafd7bef0fc6db7a8c2ac8b0ed27102b314ec47cdcab88e42d6f21033f' +
      'f6fdbf7b6ee86b7ccbe26211cfae19859fd42b2e42f47282a2e150c6885be89c36aa62358dd6d111e9d7626538aa5bc6' +
      '2fc76cfd3111dfa95064ac8a1604295d6c3b02ca68f5e5cf5eeb300669428ad0951e7efa3e01464f',
  },
  {
    name: 'cbcs video 1:9, subsample under one block',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [1, 9],
    subsamples: [
      [10, 5],
      [12, 33],
    ],
    sizeBytes: 60,
    encrypted:
      'a448a45282918cf47773386a113eae3966afdde819fc4f421422966423836b688b9124eb89c4ff01e21b51769f9e39b2' +
      'df9a32aad8c548cc3f929867',
  },
  {
    name: 'cbcs video 5:5',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [5, 5],
    subsamples: [[0, 320]],
    sizeBytes: 320,
    encrypted:
      '2e602f302a7fae45bb4beb955f8420e5a0b0de95da9dbadbd44e0a9a8f93759689d63b3d08e53c51ae2c9cbccbdae989' +
      '56caf3cddf71b36364e01a3e5a377a9afc3006b07afb60b7729a8330b4c7cf6adfcf41663f7849742c9155f6fe528ef5' +
      'b1ae5115895b783e1e04e244751d97076098b9fc7abb2c67101ba7b6861321e50a3d5833ad558a74ee4d1e722dfc5ef7' +
      '806568ebae0c912dc23b86e1bed80f96e8a9e56860bdf51d9753f47584016d2d5c5875d5d14896f23462e73936f8a814' +
      'f3ece161e8177d692e1e2cc0e0c8b80c1c2743d0cb4d12409756d59fecead1fde9ab9269bf039543aa26fc46b2325e0f' +
      '3dc738c3533eca183e3f13d283c542b21925f5873d04a73caba21a0adf6d44621e111c1131f548b11414f98a7b35abe8' +
      '81684af69783bfebb43614288b00f171c1e87a756a576c59ffa6867f59d83e51',
  },
  {
    name: 'cbcs video 10:0',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [10, 0],
    subsamples: [[10, 320]],
    sizeBytes: 330,
    encrypted:
      'a448a45282918cf4777383832f6fa56bc6f8fa303d6789422ea911fd72d08579a7ef2fca45f1e82068654a872fda6400' +
      'c5800e5468cb0ec4a14f54c96babf8d0ea2432bcb6332088f9ab177bc588573ecfff531a5314da9628a9431ab1bd04fb' +
      'cc5afcb119da9e36b8fc808f152476565878dc8277822025b0e1315886a67ff7872cc3c3cb31795929eae12b2f90e398' +
      'c7329fb8c985a65b188f7249da717c64b5edb71506438ad0bc7f67920a0bb31fa28e7c08f3a913fdc4a24d7ca41d3fa8' +
      'f5486988ae0d13ed6bd64e210b04a9b19fd75731bde2bd779f33f86e32675a89adabd4e8c78f0d7b1cc74992098ebf01' +
      '8c698e65152180351dfad3c85a9c95ed57f8d6dd9a37907e5ae1f7b1f43994200e06c81a517bce5e243e1a44885a1e00' +
      'f490d2b93042ed59d9ad9d21f3f4e404bbada62096198e210eb1445fd8bf436d7d8dd956d9f55536e456',
  },
  {
    name: 'cbcs 5:5 short last pattern',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [5, 5],
    subsamples: [[0, 192]],
    sizeBytes: 192,
    encrypted:
      '2e602f302a7fae45bb4beb955f8420e5a0b0de95da9dbadbd44e0a9a8f93759689d63b3d08e53c51ae2c9cbccbdae989' +
      '56caf3cddf71b36364e01a3e5a377a9afc3006b07afb60b7729a8330b4c7cf6adfcf41663f7849742c9155f6fe528ef5' +
      'b1ae5115895b783e1e04e244751d97076098b9fc7abb2c67101ba7b6861321e50a3d5833ad558a74ee4d1e722dfc5ef7' +
      '806568ebae0c912dc23b86e1bed80f96e8a9e56860bdf51d9753f47584016d2d5c5875d5d14896f23462e73936f8a814',
  },
  {
    name: 'cbcs constant IV of 8 bytes',
    scheme: 'cbcs',
    iv: 'd5fbd6b82ed93e4e',
    pattern: [1, 9],
    subsamples: [[0, 64]],
    sizeBytes: 64,
    encrypted:
      '06730a359dff0cf375000f8bc4c02ca966afdde819fc4f421422960a2c7ad058cb251eab44ec1ecf48449f769f9e39b2' +
      'df9a32aad8c548cc3f9298678ea84fae',
  },
  {
    name: 'cens video 1:9, counter steps only over encrypted blocks',
    scheme: 'cens',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [1, 9],
    subsamples: [[8, 512]],
    sizeBytes: 520,
    encrypted:
      'a448a45282918cf4ccc3498a56acb9bb57f8b126be407a561422960a2c7ad058cb251eab44ec1ecf48449f769f9e39b2' +
      'df9a32aad8c548cc3f9298678ea84fae0b4fc15354dc9790035faafe2556734bdfcf41663f7849742c9155f6fe528ef5' +
      'b1ae5115895b783e1e04e244751d97076098b9fc7abb2c67101ba7b6861321e50a3d5833ad558a74ee4d1e722dfc5ef7' +
      '806568ebae0c912dc23b86e1bed80f96321fbe574ea6cff5a6fdb3751ae68348df86b0acb3d552f8201d00086d9ac07e' +
      '9c06473c51df73b4f171ae81e53b041361d5871f1378c84dec7d0670c45fc76aea93592143e36c1061fe460dd50b3f7b' +
      '3dc738c3533eca183e3f13d283c542b21925f5873d04a73caba21a0adf6d44621e111c1131f548b11414f98a7b35abe8' +
      '81684af69783bfebb43614288b00f171c1e87a756a576c59ffa6867f59d83e51783061b136d1ced357a700f46bba8c09' +
      '9ea40188803ce412453d39ea8647226211330d1bde3aa80436255c7a3b2ad798e407de11b86637a31c683cb46805c50e' +
      '84a41d8b2eb8fe699223234677de685edf0bbbbafd7bef0fc6db7a8c2ac8b0ed27102b314ec47cdcab88e42d6f21033f' +
      'f6fdbf7b6ee86b7ccbe26211cfae19859fd42b2e42f47282a2e150c6885be89c36aa62358dd6d111e9d7626538aa5bc6' +
      '2fc76cfd3111dfa99ef647ede9ed22bd7e3967bbb1d8a9115eeb300669428ad0951e7efa3e01464f',
  },
  {
    name: 'cens video 1:9, counter goes on in the next subsample, pattern restarts',
    scheme: 'cens',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [1, 9],
    subsamples: [
      [16, 192],
      [16, 176],
    ],
    sizeBytes: 400,
    encrypted:
      'a448a45282918cf47773386a113eae39dd1fac085e6e58c02575fac48bc6e54ccb251eab44ec1ecf48449f769f9e39b2' +
      'df9a32aad8c548cc3f9298678ea84fae0b4fc15354dc9790035faafe2556734bdfcf41663f7849742c9155f6fe528ef5' +
      'b1ae5115895b783e1e04e244751d97076098b9fc7abb2c67101ba7b6861321e50a3d5833ad558a74ee4d1e722dfc5ef7' +
      '806568ebae0c912dc23b86e1bed80f96321fbe574ea6cff523f196f380797f4d3dfb3a9614628c06476cafb450b2e285' +
      '9c06473c51df73b4f171ae81e53b041361d5871f1378c84dec7d0670c45fc76a8f205424753691e9efaf06c88a974675' +
      '3dc738c3533eca183e3f13d283c542b21925f5873d04a73caba21a0adf6d44621e111c1131f548b11414f98a7b35abe8' +
      '81684af69783bfebb43614288b00f171c1e87a756a576c59ffa6867f59d83e51783061b136d1ced332140df15d6f71f0' +
      '10f5414ddfa09d1c453d39ea8647226211330d1bde3aa80436255c7a3b2ad798e407de11b86637a31c683cb46805c50e' +
      'b99f41730429028cddd44004bf7cdf3b',
  },
  {
    name: 'cens video 1:9, IV of 8 bytes',
    scheme: 'cens',
    iv: 'd5fbd6b82ed93e4e',
    pattern: [1, 9],
    subsamples: [[16, 320]],
    sizeBytes: 336,
    encrypted:
      'a448a45282918cf47773386a113eae397ecb2d611ea9b49973ad0e3d576edd7dcb251eab44ec1ecf48449f769f9e39b2' +
      'df9a32aad8c548cc3f9298678ea84fae0b4fc15354dc9790035faafe2556734bdfcf41663f7849742c9155f6fe528ef5' +
      'b1ae5115895b783e1e04e244751d97076098b9fc7abb2c67101ba7b6861321e50a3d5833ad558a74ee4d1e722dfc5ef7' +
      '806568ebae0c912dc23b86e1bed80f96321fbe574ea6cff523f196f380797f4d56f863549a3caf02f63cf60dcb0700fa' +
      '9c06473c51df73b4f171ae81e53b041361d5871f1378c84dec7d0670c45fc76aea93592143e36c1061fe460dd50b3f7b' +
      '3dc738c3533eca183e3f13d283c542b21925f5873d04a73caba21a0adf6d44621e111c1131f548b11414f98a7b35abe8' +
      '81684af69783bfebb43614288b00f171c1e87a756a576c59ffa6867f59d83e51783061b136d1ced332140df15d6f71f0',
  },
  {
    name: 'cens audio: whole blocks, tail clear',
    scheme: 'cens',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [0, 0],
    sizeBytes: 53,
    encrypted:
      '1ff8d5b2c5039b76462454a4b6829b2de3a3f86e8363b347735339b61152f2a3ae9613ae7239e336c615dfb3c00240bc' +
      'df9a32aad8',
  },
  {
    name: 'cens low 64 bits wrap',
    scheme: 'cens',
    iv: '0123456789abcdefffffffffffffffff',
    pattern: [0, 0],
    sizeBytes: 48,
    encrypted:
      'c9a17aa2b44c8f7bcea7e20105e697c9b298122b00bde29b1e57e245b74307bdf8394240a3a5e215c7d34e328bba488a',
  },
  {
    name: 'cbc1 video: one chain over the subsamples',
    scheme: 'cbc1',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [0, 0],
    subsamples: [
      [8, 64],
      [16, 112],
    ],
    sizeBytes: 200,
    encrypted:
      'a448a45282918cf42d06c3e64d2ab816d7deb31de2032223177dd335219a3116dc37dd4f043026b6d47c721c8c397256' +
      '59150025d71d4ee8ad25893140466786e28b8c247994b148035faafe2556734bdfcf41663f7849745ab6c536f6986c49' +
      '3b1e43b1795946230dabdf20ece2ffbe5aeb9bdccbb1f60d16848a53c0cbe6bb0ce75e266e276455b240e31c4197f92f' +
      '3409392b70a21fca195a2ec8b5f0f3b39a9894bcfc9541edca2c5de778412161127019601ba7d08c8882fc72a30d4b8e' +
      '3690743e83a9b91d',
  },
  {
    name: 'cbc1 audio: whole sample, tail clear',
    scheme: 'cbc1',
    iv: 'd5fbd6b82ed93e4ef98ae40931ee33b7',
    pattern: [0, 0],
    sizeBytes: 53,
    encrypted:
      '2e602f302a7fae45bb4beb955f8420e5a0b0de95da9dbadbd44e0a9a8f93759689d63b3d08e53c51ae2c9cbccbdae989' +
      'df9a32aad8',
  },
  {
    name: 'cenc whole sample',
    scheme: 'cenc',
    iv: 'd5fbd6b82ed93e4e',
    pattern: [0, 0],
    sizeBytes: 53,
    encrypted:
      'bc2c54db85c4772f10fca05d6a2aa31c88a0a1ac0d3d9043c203600f8ae710dcd7b11cd1fa31b66b7ea27677d64e8510' +
      '6a0e369a75',
  },
  {
    name: 'cenc subsamples are one stream',
    scheme: 'cenc',
    iv: 'd5fbd6b82ed93e4e',
    pattern: [0, 0],
    subsamples: [
      [8, 32],
      [16, 64],
    ],
    sizeBytes: 120,
    encrypted:
      'a448a45282918cf46f17c8e3166b55e2012045df62e84267fa2dea4e38bb0f591d04e8aee271de4b48449f769f9e39b2' +
      'df9a32aad8c548cc23069a1d3075e70a3da928521d0c2b32b6cbaece882a3376aabf91a8ffb028fdab1b2f74102dd823' +
      'f81f5924d6a0e926fb2851e2cb8d741fb8a529e6c2c29179',
  },
];

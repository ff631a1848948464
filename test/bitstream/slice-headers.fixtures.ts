import type { NalCodecKind } from '../../src/bitstream/nal-codec.js';

/** Slices of one stream with the parameter sets that they need. All NAL units in hexadecimal. */
export interface SliceHeaderFixture {
  readonly kind: NalCodecKind;
  readonly origin: string;
  readonly parameterSets: readonly string[];
  /** First bytes of the slice, its whole size in bytes, and where its header ends, rounded up to a byte. */
  readonly slices: readonly (readonly [head: string, nalSizeBytes: number, clearBytes: number])[];
}

/*
 * Where the headers end was read off ffmpeg's trace of the syntax elements (end of the last element before slice
 * data, emulation prevention bytes added back), so it is independent of our parser:
 *   ffmpeg -i stream.264 -c copy -bsf:v trace_headers -f null -
 * Streams of "libx264 <params>" and "libx265 <params>" were made with ffmpeg 5.1 by
 *   ffmpeg -f lavfi -i testsrc2=s=192x112:r=25,noise=alls=40:allf=t,fade=out:0:20 -t 1 \
 *     -c:v libx264 -x264-params <params> stream.264     (or libx265, -x265-params, stream.hevc)
 * Those "made up" have parameter sets of random legal values and slices of random bits, of which those were kept
 * that ffmpeg could follow. They reach syntax that no encoder at hand writes: data from slice groups, SP and
 * SI slices, colour planes, long-term pictures, list modification, reserved header bits, header extensions.
 */
export const SLICE_HEADERS: readonly SliceHeaderFixture[] = [
  {
    kind: 'avc',
    origin: 'libx264 cabac=0:bframes=0 -profile:v baseline',
    parameterSets: ['6742c00bd9030fb011000003000100000300320f142a48', '68cb83cb20'],
    slices: [
      ['6588840970c60012', 10265, 5],
      ['419a3812f4936360', 9916, 5],
      ['419ae077a74ec6', 7696, 4],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 slices=4:bframes=3:ref=4:weightb=1:weightp=2:keyint=10',
    parameterSets: ['6764000bacd9430fb011000003000100000300320f142996', '68e938f2c8b0'],
    slices: [
      ['410c9a854de1084296887110371203681300da04d037200233ffefdeb3', 839, 26],
      ['410626a153784210fc871103b1a03b82403c8740ec400210fffeb38c', 1262, 25],
      ['410c9a22688c10500fe403f90cfffe9e11', 18, 14],
      ['019e4179272820', 7, 5],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 interlaced=1:bframes=3:ref=4:slices=2:b-pyramid=normal',
    parameterSets: ['67640015acd94308fcb8088000000300800000190f8a14cb', '68f928f2c8b0'],
    slices: [
      ['410c9b2a5de96c8877ffa547fc', 51, 10],
      ['410c9a645de96888eff0683b', 3356, 9],
      ['650c88820b025fbc786f', 4405, 7],
      ['419a225e467fd938ee', 5341, 6],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 tff=1:bframes=2:cabac=0:ref=6:weightp=2',
    parameterSets: ['67640015acd9c308fcb8088000000300800000190f8a14cf', '68d9a8f2c8b0'],
    slices: [
      ['419baa5cba5b5b251a1df1bf0f45', 124, 11],
      ['419a0c5cba5aa5202bc0c3', 11, 10],
      ['419a635de968819e5a4e37', 8901, 8],
      ['419a21de0cf191678a', 10696, 6],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 cabac=0:slices=3:bframes=4:ref=8:weightp=2',
    parameterSets: ['6764000bac562430fb011000000300100000030320f1429898', '68c88e3cb22c'],
    slices: [
      ['410c9a79a275041040b6b6b443888683506403381900ce8683000004fdb56df0', 100, 29],
      ['419a79a275041040b6b6b443888683506403381900ce868300000b9baf5f97', 61, 28],
      ['419a12b081101743202f808402f808419eaac6e0', 2762, 17],
      ['419e213c04bc2eeef6', 2814, 6],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 no-deblock=1:open-gop=1:keyint=8:bframes=5:b-pyramid=strict:ref=16',
    parameterSets: ['6764000cac76100c3ec044000003000400000300c83c50a61180', '68e8438f2c8b'],
    slices: [
      ['419a7c92f8102040f21c440ac2a02b80a402a80ad02b0800997f4a8656', 244, 26],
      ['419a215378102040fc871103b1a03b82403c8740ec4002397fc7f419', 8571, 25],
      ['419a089841e0388d03a0580e41e420bff89226', 9280, 16],
      ['41888c7042e93c76', 9550, 5],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 bframes=3:weightp=2:ref=3 -pix_fmt yuv444p',
    parameterSets: ['67f4000b919b2861f60220000003002000000641e28532c0', '68ebe3c44844'],
    slices: [
      ['419aac4ba842105b2081101542a02a80ac02980b50154200233fef22e0', 4858, 26],
      ['419a684ba842105a21c440bc3202e808c030008102f0a008cfef218e', 7067, 25],
      ['419b7849a8416c994c0857fffe3840', 17, 12],
      ['6588840077ca4ee6', 10061, 5],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 bframes=3:weightp=2:ref=3 -pix_fmt yuv422p10',
    parameterSets: ['677a000bb6cd9430fb011000000300100000030320f1429960', '68ebe3cb22c0'],
    slices: [
      ['419b9449e10f2446082807f201fc05113c11fffd38b0', 33, 19],
      ['419aee34b64c0a2633ffdee528', 3941, 10],
      ['419bb8180877fffea996', 13, 7],
      ['419a246c421ffe36e9', 9433, 6],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 bframes=2:weightp=2 -pix_fmt gray',
    parameterSets: ['6764000bf3650c3ec05b20000003002000000641e28532c0', '68ebe3cb22c0'],
    slices: [
      ['419a664ba842105a20880ce24067208efff71db6', 5746, 17],
      ['419aa94ba842105b20880c65018d08cfdf7811', 4995, 16],
      ['419a2361101ac4477fbf5df6', 6273, 9],
      ['6588840077d2b68e', 6866, 5],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 bframes=2:cqm=jvt:8x8dct=1',
    parameterSets: ['6764000bacd9430fb011000003000100000300320f142996', '68ebe3cb3002c0'],
    slices: [
      ['419a664ba842105a20811019c2a03481700d205d019c200233ffc0d59d', 6489, 26],
      ['419aa94ba842105b21844190880c607403181d419180233fef9ed4', 5243, 24],
      ['419bd749e10a526530217ffe8cb0', 16, 11],
      ['6588840077c0f6ad', 7766, 5],
    ],
  },
  {
    kind: 'avc',
    origin: 'libx264 fake-interlaced=1:bframes=3:constrained-intra=1:chroma-qp-offset=3:slice-max-mbs=7',
    parameterSets: ['67640015acd943087cb808800000030080000019078b16cb', '68ebe3d694'],
    slices: [
      ['410201aa625d421082d9040880aa190154056015405680aa14011dffd13e0c', 311, 28],
      ['4110699097508420b44102202f85405f010806003e80be1001087ff8906e', 557, 27],
      ['419a2231844190a80cc06803281b233fe088fb', 919, 16],
      ['419e413c425ffd60f4', 722, 6],
    ],
  },
  {
    kind: 'hevc',
    origin: 'libx265 bframes=0:wpp=0',
    parameterSets: [
      '42010101600000030090000003000003001ea01820716592a4932bc05a020000030002000003003210',
      '4401c172b42240',
    ],
    slices: [
      ['0201d0989ffdc46403d840045c045d8ec0feab88', 48, 17],
      ['0201d0889ffdcea404628093024d8ec0704956', 60, 16],
      ['0201d011ffd44682e202f0bd8e4093626d', 5942, 14],
      ['2801af1d806965d9', 7238, 5],
    ],
  },
  {
    kind: 'hevc',
    origin: 'libx265 wpp=1:ctu=16:bframes=3:ref=4:weightb=1:weightp=1',
    parameterSets: [
      '42010101600000030090000003000003001ea0182071659596af2bc05a020000030002000003003210',
      '4401c173d989',
    ],
    slices: [
      ['0201e0c225555f70c49058c056813e21984a7153f4c51fc592cc631c5a24', 4135, 27],
      ['0001e0a6f5d7d222341b141b85f0514c2838a5661c721eb805e980fefc5f', 3375, 27],
      ['0001e1a22d49fdc3a902660530578736141ca35e6c58c0898668', 146, 23],
      ['2801af1d38ba391c22e432806f96f01f93', 7625, 14],
    ],
  },
  {
    kind: 'hevc',
    origin: 'libx265 slices=3:wpp=1:ctu=16:bframes=4:ref=5:open-gop=1:keyint=8:weightp=1:weightb=1',
    parameterSets: [
      '42010101600000030090000003000003001ea018207165999aaf2bc05a020000030002000003003210',
      '4401c173d909',
    ],
    slices: [
      ['12015841844aaabee18920b180ad027c4330931533cab0338d2f', 1800, 23],
      ['10015841447aaebed111903628370be0a298518a815ec81eabac', 1532, 23],
      ['0001e204fd7e888e0ccc0f60ff0ccc289b808981f2', 26, 18],
      ['2801af1c85d1c8f01f93', 2453, 7],
    ],
  },
  {
    kind: 'hevc',
    origin: 'libx265 no-sao=1:no-deblock=1:bframes=2',
    parameterSets: [
      '42010101600000030090000003000003001ea01820716595924930bc05a02000000300200000030321',
      '4401c172b47490',
    ],
    slices: [
      ['0201d060b7d7dcea404e3809f027d8e42e66c0ddb36a', 2136, 19],
      ['0201d03097d773a9036381cc1ad8e432c6a0f8c173', 4819, 18],
      ['0001e024ffe8b0a2193f50e66fff', 4439, 11],
      ['2801ac721b0e38d35aa2', 7239, 7],
    ],
  },
  {
    kind: 'hevc',
    origin: 'libx265 temporal-layers=3:bframes=3:b-pyramid=1',
    parameterSets: [
      '42010101600000030090000003000003001ea01820716595964932bc05a02000000300200000030321',
      '4401c172b46240',
    ],
    slices: [
      ['0201d04092557dc46402384009a808f638864dccaf9dd8', 4255, 20],
      ['0201d070b5555f731241e20093024d8ea13b18ae8030', 749, 19],
      ['0201e22225c95f7184a8d740fe894e', 89, 12],
      ['2801af1d436341fb6b6c', 7521, 7],
    ],
  },
  {
    kind: 'hevc',
    origin: 'libx265 bframes=3:ref=6:weightb=1 -pix_fmt yuv422p10',
    parameterSets: [
      '4201010408000003009d0800000300001eb01820713659d964932bc05a020000030002000003003210',
      '4401c172b66240',
    ],
    slices: [
      ['0201e1432555555f2c11840158808942258a1061221782a0fef03f', 2559, 24],
      ['0201e0c225555f70464056302250896610612a1922d0fef038', 4030, 22],
      ['0001e024fd7e888e1714358f2c310c29432596fefe07', 4257, 19],
      ['2801af1d436603f817cd', 8064, 7],
    ],
  },
  {
    kind: 'hevc',
    origin: 'libx265 bframes=3:ref=3:weightb=1:ctu=32 -pix_fmt yuv444p12',
    parameterSets: [
      '420101040800000300980800000300001e9003040e2294b2b2dc995e02d0100000030010000003019080',
      '4401c17318319890',
    ],
    slices: [
      ['0201e0c225555f70c49058c05704ea2086129056d76e5e701c5a11', 2806, 24],
      ['0201d060b25557dc46402b8c02ec0c36384151abaebb40befffe', 1648, 23],
      ['0201d098b2755f73a900d61c01ab01ab63a428d548f9907a', 68, 21],
      ['2801af1d20c80977566580f7d9d6', 6512, 11],
    ],
  },
  {
    kind: 'hevc',
    origin: 'libx265 bframes=3:ref=3:weightb=1 -pix_fmt gray',
    parameterSets: [
      '4201010408000003009fc800000300001ec06081c596565924caf016c080000003008000000c84',
      '4401c172b66240',
    ],
    slices: [
      ['0201e0c225555ee0880ac44a14612a17c0a0fdfbfb', 3171, 18],
      ['0201e142255257b82202f5612612217302fe8a03', 2116, 17],
      ['0201e04495704b25158488649840fc6693', 4108, 14],
      ['2801ae3a866a145123e0', 5633, 7],
    ],
  },
  {
    kind: 'hevc',
    origin:
      'libx265 scaling-list=default:hrd=1:vbv-bufsize=500:vbv-maxrate=500:bframes=3:vui-timing-info=1:aud=1',
    parameterSets: [
      '42010101600000030090000003000003003ca018207165959649395e02d0100000030010000003019600c965e001e840007a1220',
      '4401c172b46240',
    ],
    slices: [
      ['0201d04092557dc46402384009a808f63885f1f8b6c171', 3054, 20],
      ['0201d070b5555f731241e20093024d8ea13328ac4944', 501, 19],
      ['0201e22225c95f7184a8d440fe131d', 87, 12],
      ['2801af1d4365456af5d6', 8038, 7],
    ],
  },
  {
    kind: 'hevc',
    origin: 'libx265 1920x1080 wpp=1:ctu=16:bframes=2',
    parameterSets: [
      '420101016000000300900000030000030078a003c08010e596564abcaf016808000003000800000300c840',
      '4401c173d189',
    ],
    slices: [
      [
        '0201d0209f5f710c063a044162303983707a16c380680b41a83602d0440bc1383504a060108300620680b8250720d00d01802c0b00c0120240542a8b91ae37c7991b13e0200434f9711726d45893922a6dc9495d17a5047a93f14e4795601a02c0580b01602c0580b8f98724',
        22193,
        105,
      ],
      [
        '0201d0195f84318e011058d210e1902e86a1844c0a39713244fc830cb11412c3f8e51f23c87d104234424690a00b211c480970d412011062190364768f61e01ec038060110c6d7d8ab796cae5584b257f713d84bab5b6e45b5b506140400700e01c0380700e01e0b3b66',
        31167,
        103,
      ],
      [
        '2801af1d0220b6ec3587f8fe22e4b8a0139212314450c4244530a513f24e42c860e71922403b0b21ae2d03e04c1023886f8f82223cc4382b03a06c0d81b03406a937d4ebdef3c77a1f13ed3d57caeeff1bb0fbfecfe612181f03606c0d81b03606c0dc313240',
        40433,
        99,
      ],
      [
        '0001e024fffa2c290220a20c6913c340f0430d04e0a8240642413c8d0941b064100580f044110400d0300c0300c040330701c03c0e038100380b0300c0300b9d738ba6fbbcf25bef19cbb3bbff3ec6735b43261fc0c0280a0280a0280a02a0332f92',
        14327,
        95,
      ],
    ],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67580028b9716249', '68dd531d58'],
    slices: [['419f157dc6093c9ccf523b9f7ad9956d74777e176fd5f8a5e745a58ce5afda63775998fc3b1c48', 114, 36]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['676e0028b6d12f24af57436aad654429127642286521688d05c4f07c1464', '68eb58c752'],
    slices: [['610a7b7ede4e25c97229af3cb4b19f04c8c1', 114, 15]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['677a0028934167868f64', '68f21410b863a5'],
    slices: [['65970ffbf3efeb73bd', 114, 6]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['674d0028898d08c1387190', '68d938c74424'],
    slices: [['6192ffe4e3feefd34873ffcedf5fe4c7ffcf67fbef', 114, 18]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67640028ac1a863a29e0a164', '68dd231d28'],
    slices: [['21acff2a6d97efebcbed', 114, 7]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67580028990c72d1516150de40', '68f53a9318eb40'],
    slices: [['6588c5a225afd84c54', 114, 6]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67580028b6260c4d90', '68fc88c74824'],
    slices: [['01a9da2c8722afd3', 114, 5]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['674d00288a531e301b0559', '68da2431d680'],
    slices: [['2189f2177aa0796abef267dd', 114, 9]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67f40028da8ca63b94c16c90', '68eb58c74e24'],
    slices: [['419bef5edabfeb9fd7c937a75f39b3', 114, 12]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67f4002890e15b05816920', '68e94a0c758240'],
    slices: [['218aefa4ffad45e4', 114, 5]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67420028a62e190d64', '68cbd31d08'],
    slices: [['41af524be158dbc31777bf0e93f3', 114, 11]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['6764002893436506c2b9', '68fb40c742'],
    slices: [['0116ecebf6dbeb', 114, 4]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: [
      '676e0028a69da68232b2a2bba44688915328672161191947d9252114acba44b76db248c5d6936ca9a446c8888b4df2324aa4b2b0b8d431d892921d1590',
      '68dc84c75e24',
    ],
    slices: [['01adffa9fe67ed3bfbdfc9eee779ffefed61fed4ebffdaaf7a9db8', 114, 24]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['674d0028e608416834c8', '68dc84c752'],
    slices: [['658a818fc79da997f8fa', 114, 7]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['6742002888b2040f24', '68ee8c740240'],
    slices: [['218aeec1536b955cfa', 114, 6]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67580028b6482a1e48', '68d91a31d689'],
    slices: [['21ed211694db5df3', 114, 5]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['674200288c62d0f120', '68f660e4918e94'],
    slices: [['658af1d8bc413ed488', 114, 6]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67580028958c85cd90', '68c9480c75e240'],
    slices: [['21ad2fa17df6e2b2', 114, 5]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['676e002893609880803a99', '68df8c75a0'],
    slices: [['65889b55a89935c35e49', 114, 7]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['675800288a431d18441687b2', '68dd131d18'],
    slices: [['6189f6f68d3fa279f39c49b5', 114, 9]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67640028ab0ac441c06720', '68ea831d4090'],
    slices: [['219be7317ffdf6ff', 114, 5]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67f40028b68ce2009c1664', '68da50c74824'],
    slices: [['613e9ba6576af717f7ed4dfe615ff6b727', 114, 14]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67580028b431ca21a123612312', '68d5296c98e840'],
    slices: [['41ecf86dafe6bbd6', 114, 5]],
  },
  {
    kind: 'avc',
    origin: 'made up',
    parameterSets: ['67f40028abe46d902616564204451026140c64', '68cb2d31d280'],
    slices: [['01f6fd31e3c2bb68f5d73fe900f6a773fd9a06a13dad648ef0cf53e58223595712', 114, 30]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010504080000030090000003000003005da00004080000030090000003000003000408000003009000000300000300a00a081075698a841c20e10792d2777eaaa003f9b808080d205f08042010',
      '4401c1a7c8a64e80',
    ],
    slices: [['1001f75d13fa57adbbbea78357acd7ec667f9c9ffececf73772bfe5b59a5', 115, 27]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010304080000030090000003000003005d00009201810080ead211083841eed2b1a9f79a775de67ec8',
      '4401cca2622f7ec9be00e0',
    ],
    slices: [['0001feb70d9c6f0aac3dc49ba7ff7fcfd76d', 115, 15]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010304080000030090000003000003005dc00004080000030090000003000003005d9201c100e0ead44820f25a4454fdeeb2f9a63402',
      '4401c127f45c2e42d9595111591f2949236c842b2e42497bb64232ca590af6d3292896e464226ac84a2a23291512d272154991d22148996885234cae54cb94a42cb44452151110921646c8ec8885b6422b4ca56ed1126a8856ecb21195948c9290a44ca5d10a46ecb96564656adcad10a56d10b642a7210b212b236ea4b297b21252a25b69b6ca421510af69a4476c8e56d2654429590893645aa2152268a590ad5969108ca4452ca494a4b772914e544297a76cb29514a42a90aaa8a465224521512da65294a4bb452948a32b8040',
    ],
    slices: [['2a01ea15f94f430c9af6badf5b', 115, 10]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010504080000030090000003000003005dd00004080000030090000003000003005d5d920204083abd820f5496ca564224e9a964ba9590af290a5642b2a6ca5d12e42e52969c8495b968a4c888ca8889214a49194847222323d2654a569590a46c8da968852a7948425911195113222b215c89b949454ca59191a5251485214a574e52b447722215e8a92a6888a52d1576590a52108ca49114948ae529094d36d3a5452a4a464a489297b752a7b552ca89224c8dd148455214993eca9485d24dd22a6510472b908452296524a5452b6ed32de911b442a6991972b2914aa9893b7bb45211b2b449484214929122d6c8ca42489b642c8576aca88dcb2149295115969294846522d9122948565642b646464211d34576c85a2975454d94a45ecb6d90846a9b210a9596d90aca4224b2e545444d91ccb49b2290a56c8495124ca44e991951595c84a65232322442a4922b8d9829a010',
      '4401c0af228932',
    ],
    slices: [['2001f111aae1becfb928979af32d679a12', 115, 14]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010104080000030090000003000003005db00280801204996107ba488846ff29a75599961f0ca4',
      '4401d014988bd77920',
    ],
    slices: [['2601b5bfde5bffd5cf6beefb5fd5', 115, 11]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010304080000030090000003000003005d0000b00c0803013620107aa485df355d7200600b0044c002a0',
      '4401c1fb45af993340',
    ],
    slices: [['0201f9b6695ca6703aaeb7feaa66dd', 115, 12]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010304080000030090000003000003005d40005dc01008081d5e7841c20f56901889dd7d7cd3a3ea91148ad4058402',
      '4401e04988b4eb600e',
    ],
    slices: [['1001ffeac7833af5319f7fe2d59cdfcffa3727c0bf16fe', 115, 20]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010304080000030090000003000003005d40005dc01608024166041e4b485df2e403c070649a808080aa000003000200000300324f08042010',
      '4401c03588a88e80',
    ],
    slices: [
      [
        '0201d969f5bac0d05e2d59f8ea045eef9ba085861d70be5d704b8e7c85478318b4a0323017f243226b1818572a1ba4efbde348771170c95b3dff5000e4c7520e82af7e7d47e243d14dbbfd5162de8d787516fd1ba66747ef1af554eeeb77c80c4a2e6182eece2bd34a17628a6abbe17678e4',
        115,
        111,
      ],
    ],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010504080000030090000003000003005d900004080000030090000003000003005dc01a08081d5d92107083841e4a4a05b5736f2fafff8adc040406944000000300400000067d031c6222318f40650192065032c0648097019203261819406481940ca0192025c06480c9004b40ca012d00969a03280c90328196032404b80c901939e1008402',
      '4401c137745e0640',
    ],
    slices: [['0201f089ccff48f75fed1ffe7f56ddeef6f789d0a2fff6797f', 115, 22]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010504080000030090000003000003005d60005d040800000300900000030000030090004c10070272820f25256292fea7d311babaf614010c0152',
      '4401d1b5c8a8548e932949236576d976477565210846a5216c9b2b21745529322222b2b6d908429114b6884d90852d3452c92d9111a2b522446da23b226ca9494d169a4a52d26ac84b29522590a42a26468a54a927215149234d154a46464214845655236d5a2395b948d3211154a991952a7691594b90ad2a2c924b44948cac8c921122ca9a2322d916caf6c84b72aca54545222109a49344ca991ca544a24494a44595914b4548a421194a9d96db49e4b9729551115591b442a2c8c9da2968ad94ada226454ca52152216d153222952454cac994a52909afc04e',
    ],
    slices: [['1201e210eab5a95efdbb353a7c', 115, 10]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010104080000030090000003000003005da0068200804d96107aa495dfa6dd16565080',
      '4401d0dfd147eb4ca529654f4ca4b9088aa42c8422d92c842511a2b4e56912cb644adca8a521488a523ca4a232249e52591325a723442da7236ca474888a5d9514a5214a54932ca42c89a2b21536ce4b23b44222a91a232b232b591b4994ad94a8a5b959595e922c85215321488b929a4cb211524424a5552485291d25c852aa6990a565d158924a948590b4d225114842151126490a8a4295968aa5214888a4294842ea44444b6d5b295a21652329114ac8acaed91325b6ca8842324adb48a5456ae5659532b69108421515c8df2a654444744a2a91915a65226c84e24a5f4448ad154a424a56ca8ad3951085da2a5a2e9148ada444ca4625a2148d969129b224554991a64215148c8526554449928991b22210a468',
    ],
    slices: [['2801fd0ecb2f8af4ff', 115, 6]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010504080000030090000003000003005da00004080000030090000003000003000408000003009000000300000300b00c080604988841c20e107ba4aeefb4016a01',
      '4401f017c8a20480',
    ],
    slices: [['0001faaa6e77d5cc6c3bc07fdf', 115, 10]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010504080000030090000003000003005d0000b0070200a055041eed28bbe54984',
      '4401f1bdd160f68040',
    ],
    slices: [['0201ec0ba935e7efa8ca8f', 115, 8]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010304080000030090000003000003005d0000b0020080140756d0a841c20f549011a77c92babfb5204f08042010',
      '4401e091f22cbac8',
    ],
    slices: [['0801d87fabdef8736faedfebbf', 115, 10]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010304080000030090000003000003005d0000c012080381d5a44841c20f25a542b4cf293665ca1a303e0fb00b58',
      '4401e190bc8a8e2648',
    ],
    slices: [['0001f1e337ab25f1d5edfdefa3f07ff26a', 115, 14]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010104080000030090000003000003005db00260807075762e1079292a26bf9000e000c0021dea0202034afe00000300020000030033b3840208',
      '4401d0cb745d7d90',
    ],
    slices: [['0201d41e2112f492e53ac6dfd98a8dff555c8570cd16aed0', 115, 21]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010304080000030090000003000003005d40005d900090401c0eae88083c9497295da2b2657772e52532ca522545948915b6914ac4ca8a5572109290b49a6a42908995229085488c8a8852cb92cb72a226e46ed124291323254548a4aa2948d9484294ad10ad1122224ac964b4c8a922b23b215229494cb92ac8549d485224423442225b2759252a79111112652b4595925290a51996a8b25c89c842165291229191d221194844a9b2ca9969c8495954ac3497df4804',
      '4401f197f45111378040',
    ],
    slices: [['0001f181cad833df784633c99980c10a6859', 115, 15]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: ['42010104080000030090000003000003005d90004c1006826c6420f549227901', '4401f03dd16ae9e010'],
    slices: [['2001f3dfffdd7dff7eed7a67', 115, 9]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010104080000030090000003000003005da00602018158a841e4a481a68b9bddd410',
      '4401d09308b662650080',
    ],
    slices: [['2601b63f7ffffbfbfe7b68bcfdcc9e19dcba738ccc98bb8af8a21befd3f8cad66f5a4f77', 115, 33]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010504080000030090000003000003005d0000b010200481d5a67041ead2423ef7cd6480',
      '4401e1ac22e1c9b2',
    ],
    slices: [['2801fcb3bb9ba490', 115, 5]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010104080000030090000003000003005dc01208070490c841e4b4a5a000f1808ac0',
      '4401d194b34505936c01c0',
    ],
    slices: [['2601fed24b3d3bd6', 115, 5]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010504080000030090000003000003005d50005d5dc01c08012075691410792924f201',
      '4401f057d169f2c04e',
    ],
    slices: [['1201efb63df2fff47f6bfde33cc78b7b7dff78ef5ff5da9beffbfbffd7f5cd', 115, 28]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010104080000030090000003000003005d900090400902a12083d52486cd3abcfcd3ef273080',
      '4401c1954d141990',
    ],
    slices: [['2a01ff976cf9cbbbbef7f9', 115, 8]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010104080000030090000003000003005db0040200d04a2010792d26444ebbac0ed04fe10082',
      '4401d149745926c04e',
    ],
    slices: [['2a01e9ff08c50990c3beea53be575caa', 115, 13]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010104080000030090000003000003005db0050200441d5a636107ab48ddf11de7d94001400110006000264020',
      '4401f010b7453bc38040',
    ],
    slices: [['0201d275295115b7bf2e10ef', 115, 9]],
  },
  {
    kind: 'hevc',
    origin: 'made up',
    parameterSets: [
      '42010504080000030090000003000003005d70005d04080000030090000003000003005da004820044167041e4b4992ed808dc',
      '4401e3dc22d1ac80',
    ],
    slices: [['1201f0d1f7c65cf7f5e5b853ffbd89a25eded4ddcafa4e5b939c8bd697bf', 115, 27]],
  },
  {
    kind: 'vvc',
    origin:
      'a 400 kb/s stream of Main 10, by another parser of H.266 that was checked by the alignment of every slice',
    parameterSets: [
      '007900ad0233800000800a0200b446a007374dba6469149bce1365630408278034833610864c442064883521e8f56a4bc926a4b2445a88bc449a88914911264889351962210b24216a10bc217ab525e4bd43483362419b1012210202454204048d210202458810122208091641012242024c81222102459081224409341224824e12709b222211164222444d22493a7fe9765fe7240000030004000003006784ec0061a80004c4b40030d40002625a10',
      '008100000501005a22241fb820',
    ],
    slices: [
      ['0039c46074ffffa77e4dbffffe', 10721, 9],
      ['0012943cd1d6feff21242410efc0f23eabe4', 2115, 14],
      ['0013941cd1d6fd79880931012231df80fa237fe4', 1810, 16],
      ['0014940cd1dcdfa1902042040488e6df80feb286aa', 1348, 17],
      ['00159404d1dcdf61a1054204048849df8070eb07cd', 649, 17],
      ['00169400d1e29bea8721a4204048851af86a27adf0', 587, 17],
      ['00169408c1ccd07a16204049851df8726c1919', 254, 15],
      ['00159414c1dcdf61a904410126126df870e5d7b5', 425, 16],
      ['00169410c18f42c82024428dbfa8eeb4b0', 331, 13],
      ['00169420c18f42c840910a3bf0a8ee89be', 262, 13],
      ['00169438c18f570930a36fc0a8eea9cd', 270, 12],
      ['00169440c1dcdd61e859088849df80a0ad7ae7', 325, 15],
      ['00169458c1cc69c30936fc7e8ad8a4', 241, 11],
      ['00149470d1e4bbf7f0c81021020244cdbf556203d8', 2045, 17],
      ['00159478c1dcbb6d3520882024c536fc5785ea92', 420, 16],
      ['00169494c18f24920911cefc9bfd9053', 323, 12],
      ['001694bcc1ccd9c31cefc06950c4c2', 325, 11],
    ],
  },
];

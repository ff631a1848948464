import { describe, expect, it } from 'vitest';
import { formatInspectResult } from '../../../src/cli/output/inspect-text.js';
import { PLAIN } from '../../../src/cli/output/style.js';
import { formatDecryptResult, formatEncryptResult } from '../../../src/cli/output/text.js';
import { prettyPlayReadyHeader } from '../../../src/drm/playready/pretty.js';
import type { DecryptResult, EncryptResult, InspectResult } from '../../../src/packager/types.js';

const KID = '10000000-1000-1000-1000-100000000001';

const ENCRYPTED: EncryptResult = {
  input: 'in.mp4',
  output: 'out.mp4',
  bytes: 2_134_567,
  durationSeconds: 10.01,
  layout: 'fragmented',
  scheme: 'cenc',
  fragments: 5,
  contentId: 'bars',
  keyStore: 'sqlite:/keys.sqlite',
  unchanged: false,
  dryRun: false,
  tracks: [
    {
      id: 1,
      type: 'video',
      codec: 'avc1.64001f',
      encrypted: true,
      kid: KID,
      ivSize: 8,
      samples: 300,
      protectedBytes: 1_800_000,
    },
    { id: 3, type: 'text', codec: 'tx3g', encrypted: false, samples: 12 },
  ],
  pssh: [{ systemId: '9a04f079-9840-4286-ab92-e65be0885f95', name: 'PlayReady', keyIds: [KID] }],
  timings: { planMs: 3, writeMs: 50, checkMs: 10, totalMs: 2000 },
  warnings: ['Mind this.'],
};

describe('the report of encrypt', () => {
  it('tells what is encrypted and what is not, and every warning', () => {
    expect(formatEncryptResult(ENCRYPTED, PLAIN)).toBe(`Encrypted in.mp4 → out.mp4
  2.1 MB · 0:10.01 · cenc · fragmented (5 fragments) · 2.0 s (1.1 MB/s)

  TRACK  TYPE   CODEC        STATE      KID                                   IV  SAMPLES  PROTECTED
      1  video  avc1.64001f  encrypted  10000000-1000-1000-1000-100000000001   8      300     1.8 MB
      3  text   tx3g         clear                                                     12

  SYSTEM     SYSTEM ID                             KIDS
  PlayReady  9a04f079-9840-4286-ab92-e65be0885f95     1

1 of 2 tracks is encrypted. Left clear: track 3 (text).
The keys are registered for the content "bars" (after the name of the input) in sqlite:/keys.sqlite.

warning: Mind this.
`);
  });

  it('says where the content id comes from only when the user did not give it', () => {
    expect(formatEncryptResult(ENCRYPTED, PLAIN, { contentId: 'bars' })).toContain(
      '\nThe keys are registered for the content "bars" in sqlite:/keys.sqlite.\n',
    );
  });

  it('has the SHA-256 on a line of its own where it was asked for', () => {
    const sha256 = 'ab'.repeat(32);
    expect(formatEncryptResult({ ...ENCRYPTED, sha256 }, PLAIN)).toContain(`\nSHA-256: ${sha256}\n`);
    expect(formatEncryptResult(ENCRYPTED, PLAIN)).not.toContain('SHA-256');
  });

  it('says when keys are not registered, and when nothing was to be done', () => {
    const { keyStore: _, ...unregistered } = ENCRYPTED;
    expect(formatEncryptResult(unregistered, PLAIN)).toContain(
      '\nThe keys were not registered (--no-register).\n',
    );
    const unchanged = formatEncryptResult({ ...ENCRYPTED, unchanged: true }, PLAIN);
    expect(unchanged).toMatch(/^Unchanged: in\.mp4 → out\.mp4\n/);
    expect(unchanged).toContain('nothing was changed');
  });

  it('says where the keys are', () => {
    const line = '\nThe keys are in keys.json, readable by you alone.\n';
    expect(formatEncryptResult(ENCRYPTED, PLAIN, { keysOut: 'keys.json' })).toContain(line);
    expect(
      formatEncryptResult({ ...ENCRYPTED, dryRun: true }, PLAIN, { keysOut: 'keys.json' }),
    ).not.toContain(line);
  });

  it('names no rate of a moment of work', () => {
    const timings = { ...ENCRYPTED.timings, totalMs: 70 };
    expect(formatEncryptResult({ ...ENCRYPTED, timings }, PLAIN)).toContain('(5 fragments) · 70 ms\n');
  });

  it('says of a dry run that nothing was written', () => {
    const text = formatEncryptResult({ ...ENCRYPTED, dryRun: true, layout: 'keep', fragments: 0 }, PLAIN);
    expect(text).toMatch(/^Would encrypt in\.mp4 → out\.mp4\n {2}2\.1 MB · 0:10\.01 · cenc · layout kept\n/);
    expect(text).toContain('1 of 2 tracks would be encrypted.');
    expect(text).toContain('\nNothing was written.\n');
  });
});

describe('the report of decrypt', () => {
  it('names tracks that stay encrypted', () => {
    const { input, output, bytes, durationSeconds, tracks, timings } = ENCRYPTED;
    const result: DecryptResult = {
      input,
      output,
      bytes,
      durationSeconds,
      layout: 'keep',
      tracks,
      timings,
      warnings: [],
    };
    const text = formatDecryptResult(result, PLAIN);
    expect(text).toMatch(/^Decrypted in\.mp4 → out\.mp4\n/);
    expect(text).toMatch(/\nStill encrypted: track 1 \(video\)\.\n$/);
  });
});

const XML =
  '<WRMHEADER xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader" version="4.0.0.0"><DATA><LA_URL>https://a.example/</LA_URL></DATA></WRMHEADER>';

const INSPECTED: InspectResult = {
  path: 'out.mp4',
  bytes: 2_134_567,
  brands: ['iso6', 'cmfc'],
  durationSeconds: 10,
  layout: 'fragmented',
  fragments: 5,
  tracks: [
    {
      ...ENCRYPTED.tracks[0]!,
      scheme: 'cenc',
      durationSeconds: 10,
      width: 640,
      height: 360,
      language: 'und',
    },
    {
      id: 2,
      type: 'audio',
      codec: 'mp4a.40.2',
      encrypted: false,
      samples: 470,
      durationSeconds: 10.03,
      channels: 2,
      sampleRateHz: 48_000,
    },
  ],
  pssh: [
    {
      systemId: '9a04f079-9840-4286-ab92-e65be0885f95',
      name: 'PlayReady',
      keyIds: [KID],
      location: 'moov',
      version: 0,
      data: 'AAAA',
      playready: {
        version: '4.0.0.0',
        laUrl: 'https://a.example/',
        keys: [{ kid: KID, algId: 'AESCTR', checksum: '5TzIYQ2hrOY=', checksumMatches: false }],
        xml: XML,
      },
    },
    {
      systemId: '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b',
      name: 'W3C Common (Clear Key)',
      keyIds: [KID],
      location: 'moof[2]',
      version: 1,
      data: '',
      problem: 'bad \u001b[2J',
    },
  ],
  boxes: [
    {
      type: 'moov',
      offsetBytes: 32,
      sizeBytes: 900,
      children: [{ type: 'mvhd', offsetBytes: 40, sizeBytes: 108 }],
    },
  ],
  warnings: [],
};

describe('the report of inspect', () => {
  it('lays out file, tracks, pssh boxes and the box tree', () => {
    expect(formatInspectResult(INSPECTED, prettyPlayReadyHeader, PLAIN)).toBe(`out.mp4
  size      2.1 MB (2134567 bytes)
  duration  0:10.00
  layout    fragmented, 5 fragments
  brands    iso6 cmfc

2 tracks
  ID  TYPE   CODEC        FORMAT         LANG  DURATION  SAMPLES  SCHEME  KID                                   IV  PROTECTED
   1  video  avc1.64001f  640x360        und    0:10.00      300  cenc    10000000-1000-1000-1000-100000000001   8     1.8 MB
   2  audio  mp4a.40.2    2 ch 48000 Hz         0:10.03      470  clear

PlayReady pssh version 0, moov
  system id       9a04f079-9840-4286-ab92-e65be0885f95
  KIDs            10000000-1000-1000-1000-100000000001
  data            3 B
  header version  4.0.0.0
  LA_URL          https://a.example/
  key             10000000-1000-1000-1000-100000000001  AESCTR, checksum 5TzIYQ2hrOY= (DOES NOT MATCH the key)

    <WRMHEADER xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader" version="4.0.0.0">
      <DATA>
        <LA_URL>https://a.example/</LA_URL>
      </DATA>
    </WRMHEADER>

W3C Common (Clear Key) pssh version 1, moof[2]
  system id  1077efec-c0b2-4d02-ace3-3c1e52e2fb4b
  KIDs       10000000-1000-1000-1000-100000000001
  data       none
  problem    bad \\u001b[2J

Boxes
  OFFSET  SIZE  BOX
      32   900  moov
      40   108    mvhd
`);
  });

  it('lists keys and clear samples where there is more than one key for all, and patterns and constant IVs', () => {
    const [video, audio] = INSPECTED.tracks;
    const other = '20000000-1000-1000-1000-100000000001';
    const rotated = {
      ...video!,
      scheme: 'cbcs',
      ivSize: 0,
      constantIvSize: 16,
      pattern: { cryptByteBlock: 1, skipByteBlock: 9 },
      keys: [
        { kid: KID, samples: 200, firstSeconds: 2 },
        { kid: other, samples: 52, firstSeconds: 10 },
      ],
      clearSamples: 48,
    };
    const text = formatInspectResult(
      { ...INSPECTED, pssh: [], tracks: [rotated, audio!] },
      prettyPlayReadyHeader,
      PLAIN,
    );
    expect(text).toMatch(/ 300 {2}cbcs 1:9 +2 keys +constant 16 /);
    expect(text).toContain(`
Keys
  TRACK  KID                                   SAMPLES     FROM
      1  10000000-1000-1000-1000-100000000001      200  0:02.00
      1  20000000-1000-1000-1000-100000000001       52  0:10.00
      1  clear                                      48
`);
  });

  it('shows header XML that cannot be laid out as it is', () => {
    const pssh = INSPECTED.pssh.map((box) => ({
      ...box,
      ...(box.playready && { playready: { ...box.playready, xml: '<broken' } }),
    }));
    expect(formatInspectResult({ ...INSPECTED, pssh }, prettyPlayReadyHeader, PLAIN)).toContain(
      '\n    <broken\n',
    );
  });
});

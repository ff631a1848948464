#!/usr/bin/env node
// Makes every media file of samples/ and test/media/ from ffmpeg's test sources.
//
//   node samples/make.mjs            make them all
//   node samples/make.mjs ac3 avc3   make those whose name contains one of the words
//
// ffmpeg runs on one thread with its bitexact flags, so one version of ffmpeg gives the same bytes every time.
// The files are committed: nobody needs ffmpeg to use or to test prpack.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'prpack-samples-'));

const picture = (seconds, size = '320x180', rate = 25) => [
  ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`],
];
const tone = (seconds, hz = 440, rateHz = 48000) => [
  ...['-f', 'lavfi', '-i', `sine=frequency=${hz}:beep_factor=4:sample_rate=${rateHz}:duration=${seconds}`],
];
const exact = '-fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 -threads 1'.split(
  ' ',
);
// One GOP a second, two B-frames: decode order differs from display order, so the file carries ctts and elst.
const avc = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-crf', '32', '-x264-params'];
const avcParams = 'threads=1:keyint=25:min-keyint=25:scenecut=0:bframes=2:b-adapt=0';
const hevc = ['-c:v', 'libx265', '-pix_fmt', 'yuv420p', '-crf', '32', '-x265-params'];
const hevcParams =
  'pools=none:frame-threads=1:wpp=0:log-level=error:info=0:keyint=25:min-keyint=25:scenecut=0:bframes=2';
const aac = '-c:a aac -ac 2 -b:a 48k'.split(' ');
const fragmented = ['-movflags', '+frag_keyframe+empty_moov+delay_moov+default_base_moof'];
const moovFirst = ['-movflags', '+faststart'];
const smallAudio = (codec, ...more) => [...tone(1), '-c:a', codec, ...more];
const smallVideo = (seconds = 1) => picture(seconds, '160x96');

/** File (relative to the repository) to the ffmpeg arguments that make it. */
const media = {
  'samples/bars.mp4': [...picture(5), ...tone(5), ...avc, avcParams, ...aac, ...moovFirst],
  'samples/bars-fragmented.mp4': [...picture(5), ...tone(5), ...avc, avcParams, ...aac, ...fragmented],
  'samples/bars-hevc.mp4': [
    ...picture(5),
    ...tone(5),
    ...hevc,
    hevcParams,
    ...['-tag:v', 'hvc1'],
    ...aac,
    ...moovFirst,
  ],
  'samples/tone.m4a': [...tone(5), ...aac, ...moovFirst],

  'test/media/ac3.mp4': smallAudio('ac3', '-b:a', '96k'),
  'test/media/eac3.mp4': smallAudio('eac3', '-b:a', '96k'),
  'test/media/opus.mp4': smallAudio('libopus', '-b:a', '32k'),
  'test/media/flac.mp4': [...tone(1), '-c:a', 'flac', '-strict', '-2'],
  'test/media/alac.m4a': smallAudio('alac', '-sample_fmt', 's16p'),
  'test/media/mp3.mp4': smallAudio('libmp3lame', '-b:a', '64k'),

  'test/media/moov-last.mp4': [...smallVideo(2), ...tone(2), ...avc, avcParams, ...aac],
  'test/media/quicktime.mov': [...smallVideo(2), ...tone(2), ...avc, avcParams, ...aac],
  // Without empty_moov the first samples are listed in moov and the rest in fragments.
  'test/media/moov-and-moofs.mp4': [
    ...smallVideo(3),
    ...tone(3),
    ...avc,
    avcParams,
    ...aac,
    ...['-movflags', '+frag_keyframe+default_base_moof'],
  ],
  // Absolute base_data_offset, the default of older writers.
  'test/media/absolute-offsets.mp4': [
    ...smallVideo(2),
    ...tone(2),
    ...avc,
    avcParams,
    ...aac,
    ...['-movflags', '+frag_keyframe+empty_moov'],
  ],
  // CMAF-like single track with a sidx at the front.
  'test/media/sidx.mp4': [
    ...smallVideo(3),
    ...avc,
    avcParams,
    ...['-movflags', '+frag_keyframe+empty_moov+default_base_moof+global_sidx+negative_cts_offsets'],
  ],
  'test/media/multislice.mp4': [...smallVideo(), ...avc, `${avcParams}:slices=4`, ...moovFirst],
  'test/media/cavlc.mp4': [...smallVideo(), ...avc, `${avcParams}:cabac=0:weightp=2:weightb=1`, ...moovFirst],
  'test/media/interlaced.mp4': [...smallVideo(), ...avc, `${avcParams}:tff=1`, ...moovFirst],
  'test/media/hevc-multislice.mp4': [
    ...smallVideo(),
    ...hevc,
    `${hevcParams}:pools=1:wpp=1:slices=2:ctu=16:min-cu-size=8`,
    ...['-tag:v', 'hvc1'],
    ...moovFirst,
  ],
  'test/media/hev1.mp4': [
    ...smallVideo(),
    ...hevc,
    `${hevcParams}:repeat-headers=1`,
    '-tag:v',
    'hev1',
    ...moovFirst,
  ],
  'test/media/tracks.mp4': [
    ...smallVideo(),
    ...tone(1),
    ...tone(1, 660, 44100),
    ...['-i', join(scratch, 'words.srt')],
    ...['-map', '0', '-map', '1', '-map', '2', '-map', '3', '-c:s', 'mov_text'],
    ...avc,
    avcParams,
    ...aac,
    ...['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=fra'],
    ...moovFirst,
  ],
};

const words = '1\n00:00:00,100 --> 00:00:00,400\nbars\n\n2\n00:00:00,500 --> 00:00:00,900\nand tone\n';

/**
 * AVC whose parameter sets are in the stream and change half way: the second second has another picture order
 * count type, entropy coder and frame number length under the same parameter set ids.
 */
function makeAvc3(path) {
  const parts = [
    `${avcParams}:repeat-headers=1`,
    'threads=1:keyint=250:bframes=0:cabac=0:ref=3:slices=2:repeat-headers=1',
  ];
  const streams = parts.map((params, i) => {
    const stream = join(scratch, `part${i}.h264`);
    ffmpeg([...smallVideo(), ...avc, params, '-f', 'h264'], stream);
    return readFileSync(stream);
  });
  const joined = join(scratch, 'joined.h264');
  writeFileSync(joined, Buffer.concat(streams));
  ffmpeg(['-framerate', '25', '-i', joined, '-c', 'copy', ...moovFirst], path);
  renameSampleEntry(path, 'avc1', 'avc3');
}

/** ffmpeg writes `avc1` for in-band parameter sets too; ISO/IEC 14496-15 5.4.2.1 wants `avc3`. */
function renameSampleEntry(path, from, to) {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(from, bytes.indexOf('stsd'), 'latin1');
  bytes.write(to, at, 'latin1');
  writeFileSync(path, bytes);
}

function ffmpeg(args, path) {
  execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args, ...exact, path], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

const makers = {
  ...Object.fromEntries(Object.entries(media).map(([name, args]) => [name, (path) => ffmpeg(args, path)])),
  'test/media/avc3.mp4': makeAvc3,
};

try {
  const wanted = process.argv.slice(2);
  mkdirSync(join(root, 'test/media'), { recursive: true });
  writeFileSync(join(scratch, 'words.srt'), words);
  for (const [name, make] of Object.entries(makers)) {
    if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
    const path = join(root, name);
    make(path);
    process.stdout.write(`${String(statSync(path).size).padStart(8)}  ${relative(root, path)}\n`);
  }
} finally {
  rmSync(scratch, { recursive: true });
}

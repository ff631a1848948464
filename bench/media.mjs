// Media that ffmpeg makes: a short clip, which is repeated without encoding it again.

import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './processes.mjs';

export function ffmpeg(...args) {
  return run(['ffmpeg', '-nostdin', '-loglevel', 'error', '-y', ...args]);
}

/** Moving noise and a tone. `kbit` is the bit rate of the video, `size` as in 1280x720. */
function makeClip(path, { size, seconds, kbit, noise, groupFrames = 50 }) {
  const picture = `testsrc2=size=${size}:rate=25:duration=${seconds},noise=alls=${noise}:allf=t`;
  const rate = ['-b:v', `${kbit}k`, '-maxrate', `${kbit}k`, '-bufsize', `${kbit}k`];
  const groups = ['-g', `${groupFrames}`, '-keyint_min', `${groupFrames}`, '-sc_threshold', '0'];
  return ffmpeg(
    ...['-f', 'lavfi', '-i', picture],
    ...tone(440, seconds),
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', ...rate, ...groups],
    ...['-c:a', 'aac', '-b:a', '128k', '-metadata:s:a:0', 'language=eng', '-shortest', path],
  );
}

function makeTone(path, seconds) {
  return ffmpeg(...tone(660, seconds), '-c:a', 'aac', '-b:a', '128k', path);
}

function tone(hertz, seconds) {
  return ['-f', 'lavfi', '-i', `sine=frequency=${hertz}:sample_rate=48000:duration=${seconds}`];
}

/** A clip one time after another, until so many seconds are over. */
function repeat(clip, seconds, path) {
  const endless = ['-stream_loop', '-1', '-i', clip];
  return ffmpeg(...endless, '-t', `${seconds}`, '-c', 'copy', '-movflags', '+faststart', path);
}

/** Clips of files by size: the bit rate of the field, and what a small file has room for. */
const LARGE = { name: 'large', size: '1280x720', seconds: 10, kbit: 10_000, noise: 40 };
const SMALL = { name: 'small', size: '640x360', seconds: 6, kbit: 720, noise: 20 };
const SMALL_BELOW_BYTES = 6e6;

/** A file of about this size, AVC and AAC. Clips stay in the folder, for files that are made later. */
export async function makeFile(folder, sizeBytes) {
  const clip = sizeBytes < SMALL_BELOW_BYTES ? SMALL : LARGE;
  const clipPath = join(folder, `clip-${clip.name}.mp4`);
  if (!existsSync(clipPath)) await makeClip(clipPath, clip);
  const path = join(folder, 'input.mp4');
  await repeat(clipPath, (clip.seconds * sizeBytes) / statSync(clipPath).size, path);
  return path;
}

export function makeFragmented(input, path) {
  const fragments = 'frag_keyframe+empty_moov+default_base_moof';
  return ffmpeg('-i', input, '-map', '0', '-c', 'copy', '-movflags', fragments, path);
}

/** Renditions of a ladder, in kbit/s of video. */
const RENDITIONS = [
  { size: '1280x720', kbit: 2000 },
  { size: '960x540', kbit: 1200 },
  { size: '640x360', kbit: 700 },
  { size: '480x270', kbit: 400 },
  { size: '320x180', kbit: 200 },
];
const LADDER_CLIP_SECONDS = 20;

/** Bytes of a ladder, as its bit rates say. */
export function ladderBytes(minutes) {
  const kbits = RENDITIONS.map(({ kbit }) => kbit + 128).reduce((sum, kbit) => sum + kbit, 128);
  return (kbits * 1000 * minutes * 60) / 8;
}

/**
 * A title: five renditions of AVC, each with English sound, and German sound in a file of its own.
 * @returns paths: `renditions`, from the best to the smallest, and `german`
 */
export async function makeLadder(folder, minutes) {
  const make = async (name, makeOne) => {
    const clip = join(folder, `clip-${name}`);
    const path = join(folder, name);
    await makeOne(clip);
    await repeat(clip, minutes * 60, path);
    rmSync(clip);
    return path;
  };
  const renditions = [];
  for (const { size, kbit } of RENDITIONS) {
    const clip = { size, kbit, seconds: LADDER_CLIP_SECONDS, noise: 20 };
    renditions.push(await make(`film-${size}.mp4`, (path) => makeClip(path, clip)));
  }
  const german = await make('film.de.m4a', (path) => makeTone(path, LADDER_CLIP_SECONDS));
  return { renditions, german };
}

import { spawnSync } from 'node:child_process';
import { toolPath } from './tools.js';

/** Lines of ffmpeg's `trace_headers` on the video of a file: every syntax element of its headers, in decoding order. */
export function traceHeaders(path: string): string[] {
  const input = ['-hide_banner', '-nostdin', '-i', path, '-map', '0:v', '-c', 'copy'];
  const args = [...input, '-bsf:v', 'trace_headers', '-f', 'null', '-'];
  const { stderr } = spawnSync(toolPath('ffmpeg'), args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  return stderr.split('\n');
}

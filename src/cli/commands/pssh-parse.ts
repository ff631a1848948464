import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import { bytesOfValue, decodeWhenText } from '../options/files.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { formatJson } from '../output/json.js';
import { formatPssh } from '../output/pssh-text.js';
import { writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { joinLines } from '../output/text.js';

const EXAMPLES = `
Examples:
  prpack pssh parse AAAANHBzc2gBAAAA…
  prpack pssh parse @header.pro --json
  prpack pssh build --kid … | prpack pssh parse -`;

/** Headers are small; whatever is larger is something else, such as a whole media file. */
const MAX_STDIN_BYTES = 16 * 1024 * 1024;

/** `prpack pssh parse <data>` */
export function configurePsshParse(command: Command): void {
  command
    .description('Shows what one or more pssh boxes, or a bare PlayReady Object, say.')
    .argument('<data>', 'base64, @file with the bytes or base64 of them, or - for stdin');
  addJsonOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(psshParseAction);
}

async function psshParseAction(data: string, flags: OutputFlags): Promise<void> {
  const bytes = data === '-' ? decodeWhenText(await readStdin()) : await bytesOfValue('<data>', data);
  const library = await import('../../index.js');
  const pssh = await library.parsePssh(bytes);
  if (flags.json) return writeResult(formatJson({ pssh }));
  const style = styleOf(process.stdout);
  const blocks = pssh.map((box) => formatPssh(box, '', library.prettyPlayReadyHeader, style));
  return writeResult(joinLines(blocks.flatMap((block, at) => (at === 0 ? block : ['', ...block]))));
}

async function readStdin(): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length > MAX_STDIN_BYTES) {
      throw new PrpackError('INPUT_UNREADABLE', 'the standard input is too long for DRM headers', {
        expected: `at most ${MAX_STDIN_BYTES} bytes`,
        remedy: 'Give pssh boxes or a PlayReady Object; for a media file, use prpack inspect.',
      });
    }
  }
  return Buffer.concat(parts);
}

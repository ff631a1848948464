import type { Command } from 'commander';
import type { InspectResult } from '../../index.js';
import { interruptible } from '../interrupt.js';
import { addKeyOptions, type KeyFlags, selectLookup } from '../options/keys.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { formatInspectResult } from '../output/inspect-text.js';
import { formatJson } from '../output/json.js';
import { writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';

interface InspectFlags extends KeyFlags, OutputFlags {
  readonly boxes?: true;
}

const EXAMPLES = `
Examples:
  prpack inspect out.mp4
  prpack inspect out.mp4 --key-file keys.json     # also checks the CHECKSUM of each key
  prpack inspect out.mp4 --json | jq '.pssh[].playready.laUrl'
  prpack inspect in.mp4 --boxes | less`;

/** `prpack inspect <file>` */
export function configureInspect(command: Command): void {
  command
    .description('Shows tracks, encryption and DRM headers of an MP4 file.')
    .argument('<file>', 'MP4 file, encrypted or clear');
  addJsonOption(command);
  command.option('--boxes', 'list all boxes with offset and size');
  addKeyOptions(command, 'KID of --key', "check with keys of Microsoft's public test server");
  command.addHelpText('after', EXAMPLES);
  command.action(inspectAction);
}

async function inspectAction(path: string, flags: InspectFlags): Promise<void> {
  const library = await import('../../index.js');
  const keys = await selectLookup(flags, process.env, library);
  const inspected = await interruptible((signal) =>
    library.inspect(path, { signal, boxes: flags.boxes === true, ...(keys && { keys: keys.source }) }),
  );
  const result: InspectResult = {
    ...inspected,
    warnings: [...(keys?.warnings ?? []), ...inspected.warnings],
  };
  const style = styleOf(process.stdout);
  const { prettyPlayReadyHeader } = library;
  await writeResult(
    flags.json ? formatJson(result) : formatInspectResult(result, prettyPlayReadyHeader, style),
  );
}

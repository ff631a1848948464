import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { InspectResult, KeyLookup } from '../../index.js';
import { interruptible } from '../interrupt.js';
import { addOptions } from '../options/add.js';
import { addTlsOptions } from '../options/key-server.js';
import { addKeyStoreOptions, type KeyStoreFlags } from '../options/key-store.js';
import { addKeyOptions, type KeyFlags, selectLookup } from '../options/keys.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { addConfigOption } from '../options/settings.js';
import { withKeys } from '../options/with-keys.js';
import { formatInspectResult } from '../output/inspect-text.js';
import { formatJson } from '../output/json.js';
import { writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';

interface InspectFlags extends KeyFlags, KeyStoreFlags, OutputFlags {
  readonly boxes?: true;
}

const EXAMPLES = `
Examples:
  prpack inspect out.mp4
  prpack inspect out.mp4 --key-file keys.json     # checks the CHECKSUM with these keys, not the registered ones
  prpack inspect out.mp4 --json | jq '.pssh[].playready.laUrl'
  prpack inspect in.mp4 --boxes | less`;

/** `prpack inspect <file>` */
export function configureInspect(command: Command): void {
  command
    .description('Shows tracks, encryption and DRM headers of an MP4 file.')
    .argument('<file>', 'MP4 file, encrypted or clear, or its http(s) or s3 URL');
  addJsonOption(command);
  addOptions(command, ['boxes']);
  addKeyOptions(command, 'KID of --key', "check with keys of Microsoft's public test server");
  addTlsOptions(command);
  addKeyStoreOptions(command);
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(inspectAction);
}

async function inspectAction(path: string, flags: InspectFlags): Promise<void> {
  const library = await import('../../index.js');
  const result = await interruptible((signal) => inspectJob(path, flags, signal));
  const style = styleOf(process.stdout);
  const { prettyPlayReadyHeader } = library;
  await writeResult(
    flags.json ? formatJson(result) : formatInspectResult(result, prettyPlayReadyHeader, style),
  );
}

async function inspectJob(path: string, flags: InspectFlags, signal: AbortSignal): Promise<InspectResult> {
  const library = await import('../../index.js');
  return withKeys(flags, library, signal, async (store, client) => {
    const named = await selectLookup(flags, process.env, library, client);
    const problems: string[] = [];
    const keys = named?.source ?? toleratingFailure(library.storedKeyLookup(store), problems);
    const result = await library.inspect({ input: path, signal, boxes: flags.boxes === true, keys });
    return { ...result, warnings: [...(named?.warnings ?? []), ...result.warnings, ...problems] };
  });
}

/**
 * A user who looks at a file has not asked for the key store: what is wrong with it is reported, and the file is shown.
 */
function toleratingFailure(lookup: KeyLookup, problems: string[]): KeyLookup {
  return {
    async find(kid) {
      try {
        return await lookup.find(kid);
      } catch (error) {
        if (!(error instanceof PrpackError)) throw error;
        problems.push(`KID ${kid} could not be looked up in the key store: ${error.message}.`);
        return undefined;
      }
    },
  };
}

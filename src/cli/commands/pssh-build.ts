import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { toBase64 } from '../../bytes/hex.js';
import { PrpackError } from '../../errors.js';
import type { BuildPsshOptions, ProtectionSystem } from '../../index.js';
import { addOptions } from '../options/add.js';
import { naming, selectLookup } from '../options/keys.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { addPlayReadyOptions, givenPlayReadyFlags, playReadyOptions } from '../options/playready.js';
import { addConfigOption, isGiven } from '../options/settings.js';
import { nonEmpty, once, oneOf, repeatable } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { joinLines, warningLines } from '../output/text.js';

interface PsshBuildFlags extends OutputFlags {
  readonly system: ProtectionSystem;
  readonly kid?: readonly string[];
  readonly scheme?: BuildPsshOptions['scheme'];
  readonly key?: string;
  readonly keyFile?: string;
  readonly contentId?: string;
  readonly widevineProvider?: string;
  readonly widevinePolicy?: string;
  readonly format: 'pssh' | 'pro';
  readonly out?: string;
  readonly force?: true;
}

const EXAMPLES = `
Examples:
  prpack pssh build --kid 10000000-1000-1000-1000-100000000001 --la-url https://drm.example.com/rm.asmx
  prpack pssh build --kid … --key-file keys.json --format pro --out header.pro
  prpack pssh build --scheme cbcs --kid …
  prpack pssh build --decryptor-setup on-demand --la-url …    # the header of rotating keys, without KIDs
  prpack pssh build --system common --kid … --kid … --json`;

/** `prpack pssh build` */
export function configurePsshBuild(command: Command): void {
  command.description('Makes a pssh box or a PlayReady Object, printed as base64 or written to a file.');
  command.optionsGroup('Content:');
  command.option(
    '--system <system>',
    'playready, common or widevine',
    oneOf('--system', ['playready', 'common', 'widevine']),
    'playready',
  );
  command.option(
    '--kid <uuid>',
    'KID; may be repeated; not needed for a header with --decryptor-setup on-demand',
    repeatable(nonEmpty('--kid')),
  );
  addOptions(command, ['scheme'], {
    scheme: 'cenc, cbcs, cens or cbc1: what the content is encrypted with (default: cenc)',
  });
  command.option('--content-id <text>', 'content id of a Widevine pssh', nonEmpty('--content-id'));
  addOptions(command, ['widevineProvider', 'widevinePolicy'], {
    widevineProvider: 'name of the content provider in a Widevine pssh',
    widevinePolicy: 'name of a registered policy in a Widevine pssh',
  });
  command.option(
    '--key-file <keys.json>',
    'keys for the CHECKSUM',
    once('--key-file', nonEmpty('--key-file')),
  );
  command.option(
    '--key <hex>',
    'key of the one --kid for the CHECKSUM; other users of the machine can read it',
    once('--key', nonEmpty('--key')),
  );
  addPlayReadyOptions(command);
  addJsonOption(command);
  addConfigOption(command);
  command.option(
    '--format <format>',
    'pssh: the box; pro: the bare PlayReady Object',
    oneOf('--format', ['pssh', 'pro']),
    'pssh',
  );
  command.option('--out <file>', 'write the bytes to a file instead of base64 to stdout', nonEmpty('--out'));
  command.option('--force', 'replace an existing file');
  command.addHelpText('after', EXAMPLES);
  command.action(psshBuildAction);
}

async function psshBuildAction(flags: PsshBuildFlags, command: Command): Promise<void> {
  assertNoContradictions(flags, command);
  const library = await import('../../index.js');
  const keys = await selectLookup(keyFlags(flags), process.env, library, new library.HttpClient());
  const built = await library.buildPssh({
    system: flags.system,
    keyIds: (flags.kid ?? []).map((kid) => naming('--kid', () => library.parseKeyId(kid))),
    ...(flags.scheme && { scheme: flags.scheme }),
    playready: await playReadyOptions(flags),
    ...(keys && { keys: keys.source }),
    ...(flags.contentId !== undefined && { contentId: flags.contentId }),
    ...widevineOptions(flags),
  });
  const bytes = flags.format === 'pro' ? built.pro! : built.pssh;
  const warnings = [...(keys?.warnings ?? []), ...built.warnings];
  if (flags.out !== undefined) await writeOut(flags.out, bytes, flags.force === true);
  if (flags.json) {
    const base64 = toBase64(bytes);
    const pssh = await library.parsePssh(bytes);
    await writeResult(formatJson({ format: flags.format, bytes: bytes.length, base64, pssh, warnings }));
    return;
  }
  if (flags.out === undefined) await writeResult(`${toBase64(bytes)}\n`);
  const lines = warningLines(warnings, styleOf(process.stderr));
  if (lines.length > 0) writeMessage(joinLines(lines));
}

/** Of other systems the configuration file may speak: they are for Widevine alone. */
function widevineOptions({ system, widevineProvider, widevinePolicy }: PsshBuildFlags) {
  if (system !== 'widevine') return {};
  return {
    ...(widevineProvider !== undefined && { widevineProvider }),
    ...(widevinePolicy !== undefined && { widevinePolicy }),
  };
}

/** Options that would have no effect are refused. */
function assertNoContradictions(flags: PsshBuildFlags, command: Command): void {
  const { system, format, kid = [], key, contentId } = flags;
  const idle = [
    ...(system === 'playready' ? [] : givenPlayReadyFlags(command)),
    ...(system !== 'playready' && key !== undefined ? ['--key'] : []),
    ...(system !== 'playready' && isGiven(command, 'keyFile') ? ['--key-file'] : []),
    ...(system !== 'playready' && format === 'pro' ? ['--format pro'] : []),
    ...(system === 'common' && isGiven(command, 'scheme') ? ['--scheme'] : []),
    ...(system !== 'widevine' && contentId !== undefined ? ['--content-id'] : []),
    ...(system !== 'widevine' && isGiven(command, 'widevineProvider') ? ['--widevine-provider'] : []),
    ...(system !== 'widevine' && isGiven(command, 'widevinePolicy') ? ['--widevine-policy'] : []),
  ];
  if (idle.length > 0) {
    throw new PrpackError('INVALID_ARGUMENT', `${idle[0]} has no meaning for the system ${system}`, {
      remedy: `Leave ${idle[0]} out, or choose another --system.`,
    });
  }
  if (key !== undefined && kid.length !== 1) {
    throw new PrpackError('INVALID_ARGUMENT', `--key is given for ${kid.length} KIDs`, {
      remedy: 'Give one --kid, or the keys of all KIDs with --key-file.',
    });
  }
}

function keyFlags({ kid = [], key, keyFile }: PsshBuildFlags) {
  return {
    ...(key !== undefined && { kid: kid[0]!, key }),
    ...(keyFile !== undefined && { keyFile }),
  };
}

async function writeOut(path: string, bytes: Uint8Array, force: boolean): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new PrpackError('OUTPUT_EXISTS', `the output exists already: ${path}`, {
        path,
        remedy: 'Name another file, or give --force to replace it.',
      });
    }
    const remedy = 'Name a file in a directory that exists, has room, and where this user may write.';
    throw new PrpackError(
      'OUTPUT_FAILED',
      `the output cannot be written: ${path} (${code})`,
      { path, remedy },
      error,
    );
  }
}

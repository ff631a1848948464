import { type Command, Option } from 'commander';
import { fromBase64 } from '../../bytes/hex.js';
import type { PlayReadyOptions } from '../../index.js';
import { textOfFileValue } from './files.js';
import { isGiven } from './settings.js';
import { absoluteUrl, integer, invalidValue, oneOf, type ParseValue } from './values.js';

/** What commander makes of the PlayReady options. */
export interface PlayReadyFlags {
  readonly laUrl?: string;
  readonly luiUrl?: string;
  readonly dsId?: string;
  readonly customAttributes?: string;
  readonly playreadyVersion?: 'auto' | '4.0' | '4.1' | '4.2' | '4.3';
  readonly checksum: boolean;
  readonly reserveLicenseStore?: number;
  readonly decryptorSetup?: 'on-demand';
}

const VERSIONS = ['auto', '4.0', '4.1', '4.2', '4.3'] as const;

/** Size of an embedded license store when none is named, in bytes: as Microsoft recommends. */
const LICENSE_STORE_BYTES = 10_240;

/** Largest size that a PlayReady Object may have room for, in bytes. */
const MAX_LICENSE_STORE_BYTES = 15_360;

/** Adds the options of the PlayReady header under a heading of their own. */
export function addPlayReadyOptions(command: Command): void {
  command.optionsGroup('PlayReady header:');
  command.option('--la-url <url>', 'license acquisition URL', absoluteUrl('--la-url'));
  command.option('--lui-url <url>', 'license acquisition page for people', absoluteUrl('--lui-url'));
  command.option('--ds-id <base64>', 'domain service id: base64 of 16 bytes', domainServiceId);
  command.option('--custom-attributes <@file.xml>', 'XML for the inside of CUSTOMATTRIBUTES');
  command.option(
    '--playready-version <version>',
    `header version: ${VERSIONS.join(', ')} (default: auto, the lowest that can carry the content)`,
    oneOf('--playready-version', VERSIONS),
  );
  command.option('--no-checksum', 'leave out the CHECKSUM of the keys');
  command.addOption(
    new Option(
      '--reserve-license-store [bytes]',
      'reserve an embedded license store; without a number, put it after the file names',
    )
      .preset(`${LICENSE_STORE_BYTES}`)
      .argParser(integer('--reserve-license-store', 1, MAX_LICENSE_STORE_BYTES, 'bytes')),
  );
  command.option(
    '--decryptor-setup <when>',
    'on-demand: clients set up the decryptor when media asks for it',
    oneOf('--decryptor-setup', ['on-demand']),
  );
}

const domainServiceId: ParseValue<string> = (text) => {
  if (fromBase64(text)?.length === 16) return text;
  throw invalidValue('--ds-id', text, 'base64 of 16 bytes (24 characters)');
};

/** Names of the PlayReady options that are given on the command line, to refuse them where no PlayReady header is written. */
export function givenPlayReadyFlags(command: Command): string[] {
  const options: readonly (readonly [flag: string, name: keyof PlayReadyFlags])[] = [
    ['--la-url', 'laUrl'],
    ['--lui-url', 'luiUrl'],
    ['--ds-id', 'dsId'],
    ['--custom-attributes', 'customAttributes'],
    ['--playready-version', 'playreadyVersion'],
    ['--no-checksum', 'checksum'],
    ['--reserve-license-store', 'reserveLicenseStore'],
    ['--decryptor-setup', 'decryptorSetup'],
  ];
  return options.filter(([, name]) => isGiven(command, name)).map(([flag]) => flag);
}

/**
 * The library's options from the flags.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function playReadyOptions(flags: PlayReadyFlags): Promise<PlayReadyOptions> {
  const { laUrl, luiUrl, dsId, playreadyVersion, reserveLicenseStore, decryptorSetup } = flags;
  const customAttributes =
    flags.customAttributes === undefined
      ? undefined
      : await textOfFileValue('--custom-attributes', flags.customAttributes, 'file.xml');
  return {
    checksum: flags.checksum,
    ...(laUrl !== undefined && { laUrl }),
    ...(luiUrl !== undefined && { luiUrl }),
    ...(dsId !== undefined && { dsId }),
    ...(customAttributes !== undefined && { customAttributes }),
    ...(playreadyVersion !== undefined && { version: playreadyVersion }),
    ...(reserveLicenseStore !== undefined && { reserveLicenseStoreBytes: reserveLicenseStore }),
    ...(decryptorSetup !== undefined && { decryptorSetup }),
  };
}

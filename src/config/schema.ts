import { z } from 'zod';
import type { SettingName } from './names.js';

/** Largest size that a PlayReady Object may have room for, in bytes. */
const MAX_LICENSE_STORE_BYTES = 15_360;

const url = () =>
  z.string().regex(/^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^/?#\s]\S*$/, 'a whole http or https URL is needed');
const path = () => z.string().min(1);
const fileAfterAt = () => z.string().regex(/^@./, 'the name of a file after an @ is needed');

/** Every setting, with the type that the option of its name has once it is read. */
const SETTINGS = {
  keyStore: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*:./, 'a location such as sqlite:<path> is needed')
    .describe('Key store that keys are registered in and found in, such as sqlite:<path>.'),
  kekFile: path().describe(
    'File of the key-encryption key that wraps the keys of the key store, or those sent to an SKM server.',
  ),
  register: z
    .boolean()
    .describe('false: encrypt registers no keys, because somebody else does. Default true.'),
  keyPer: z
    .enum(['none', 'type', 'track', 'resolution'])
    .describe('What gets a key of its own: nothing, each media type, each track, or each resolution class.'),
  policy: z
    .string()
    .min(1)
    .describe('License policy to store with keys: a JSON or YAML file, or the name of a built-in one.'),
  keyFile: path().describe('KIDs and keys in a JSON file.'),
  keySeedFile: path().describe('File of the PlayReady key seed that keys are derived from.'),
  cpix: path().describe('CPIX document with keys: a file or a URL.'),
  cpixPrivateKey: path().describe('RSA private key (PEM) of the recipient of encrypted CPIX documents.'),
  cpixAuth: fileAfterAt().describe(
    '@ and the file of the header that the server of the CPIX document lets in.',
  ),
  spekeUrl: url().describe('SPEKE key provider.'),
  spekeVersion: z.enum(['1.0', '2.0', '2.1']).describe('Version of SPEKE. Default 2.0.'),
  spekeAuth: fileAfterAt().describe('@ and the file of the header that the key provider lets in.'),
  packagingDataUrl: url().describe('RightsManager of a PlayReady server (AcquirePackagingData).'),
  packagingDataAuth: fileAfterAt().describe(
    '@ and the file of the header that the PlayReady server lets in.',
  ),
  tlsCa: path().describe('Authorities (PEM) to trust at key servers, and no others.'),
  tlsCert: path().describe('Client certificate (PEM) for key servers.'),
  tlsKey: path().describe('Private key (PEM) of the client certificate.'),
  layout: z.enum(['fragmented', 'keep']).describe('Layout of the output.'),
  fragmentDuration: z.number().gt(0).max(3600).describe('Shortest fragment, in seconds.'),
  ivSize: z.literal([8, 16]).describe('Bytes of the IV of a sample.'),
  systems: z
    .array(z.enum(['playready', 'common', 'widevine']))
    .min(1)
    .describe('Protection systems to add pssh boxes for.'),
  laUrl: url().describe('License acquisition URL for the PlayReady header.'),
  luiUrl: url().describe('License acquisition page for people.'),
  dsId: z
    .string()
    .regex(/^[A-Za-z0-9+/]{22}==$/, 'base64 of 16 bytes is needed')
    .describe('Domain service id: base64 of 16 bytes.'),
  customAttributes: fileAfterAt().describe('@ and an XML file for the inside of CUSTOMATTRIBUTES.'),
  playreadyVersion: z.enum(['auto', '4.0', '4.1', '4.2', '4.3']).describe('Version of the PlayReady header.'),
  checksum: z.boolean().describe('false: leave out the CHECKSUM of the keys.'),
  reserveLicenseStore: z
    .int()
    .min(1)
    .max(MAX_LICENSE_STORE_BYTES)
    .describe('Bytes to reserve as an embedded license store.'),
  decryptorSetup: z.literal('on-demand').describe('Clients set up the decryptor when media asks for it.'),
} satisfies Record<SettingName, z.ZodType>;

/** What a configuration file may hold. */
export const CONFIG_SCHEMA = z
  .strictObject({
    $schema: z.string().describe('Address of this schema, for editors.'),
    ...SETTINGS,
  })
  .partial()
  .meta({
    title: 'prpack configuration',
    description: 'prpack.config.json, prpack.config.yaml, or the default export of prpack.config.js',
  });

export type Settings = Omit<z.infer<typeof CONFIG_SCHEMA>, '$schema'>;

/** The same as JSON Schema, as docs/schema/prpack.config.schema.json publishes it. */
export function configJsonSchema(): object {
  return z.toJSONSchema(CONFIG_SCHEMA);
}

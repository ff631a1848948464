import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { PrpackError } from '../../errors.js';
import { DEFAULT_LIMITS, type RequestLimits } from '../remote/request-limits.js';
import { undiciHandler } from './undici-handler.js';

type Sdk = typeof import('@aws-sdk/client-s3');

/** The client of S3, and the commands that it is sent. */
export interface S3 {
  readonly client: S3Client;
  readonly sdk: Sdk;
}

/** S3 answers with the region of the bucket, whichever is asked first; servers of others take any. */
const ANY_REGION = 'us-east-1';

/**
 * A client by the conventions of AWS: endpoint, region and credentials come from the environment, the profile, a web identity, or the role of
 * the container or machine.
 * @throws PrpackError INVALID_ARGUMENT where the package is not installed
 */
export async function openS3(limits: RequestLimits = DEFAULT_LIMITS): Promise<S3> {
  const { env } = process;
  // Which versions of Node.js are supported, the package of prpack says; a warning in every run helps nobody.
  env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const sdk = await loadSdk();
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION;
  const config: S3ClientConfig = {
    requestHandler: undiciHandler(limits),
    followRegionRedirects: true,
    expectContinueHeader: false, // undici has no such request
    forcePathStyle: isForeign(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL),
    ...(region && { region }),
  };
  const client = new sdk.S3Client(config);
  if (await hasRegion(client)) return { client, sdk };
  return { client: new sdk.S3Client({ ...config, region: ANY_REGION }), sdk };
}

/** As the AWS CLI has it: servers of others seldom have a host name for each bucket. */
function isForeign(endpoint: string | undefined): boolean {
  if (!endpoint || !URL.canParse(endpoint)) return false;
  return !/(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);
}

async function hasRegion({ config }: S3Client): Promise<boolean> {
  try {
    return Boolean(await config.region());
  } catch {
    return false; // the SDK has no default
  }
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (cause) {
    throw new PrpackError(
      'INVALID_ARGUMENT',
      'the client of S3 is not installed',
      { remedy: 'Install it next to prpack: npm install @aws-sdk/client-s3.' },
      cause,
    );
  }
}

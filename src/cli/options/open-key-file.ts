import { stat } from 'node:fs/promises';
import { isOpenToOthers, modeText } from '../../bytes/open-modes.js';
import { isS3Url } from '../../bytes/s3/location.js';

/** Key files are made by many tools, and few close them: what is open to others is reported and not refused. */
export async function keyFileWarnings(path: string): Promise<readonly string[]> {
  if (isS3Url(path)) return []; // who can read it, its bucket says
  const file = await stat(path);
  if (!file.isFile() || !isOpenToOthers(file)) return []; // a pipe has no others
  return [
    `Others than its owner can use the key file ${path} (${modeText(file)}): run \`chmod 600 ${path}\`.`,
  ];
}

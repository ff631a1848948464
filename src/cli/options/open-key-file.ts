import { stat } from 'node:fs/promises';
import { isOpenToOthers, modeText } from '../../bytes/open-modes.js';

/** Key files are made by many tools, and few close them: what is open to others is reported and not refused. */
export async function keyFileWarnings(path: string): Promise<readonly string[]> {
  const file = await stat(path);
  if (!file.isFile() || !isOpenToOthers(file)) return []; // a pipe has no others
  return [
    `Others than its owner can use the key file ${path} (${modeText(file)}): run \`chmod 600 ${path}\`.`,
  ];
}

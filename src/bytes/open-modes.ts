import type { Stats } from 'node:fs';

/** Whether others than its owner can use a file. What Windows says of that is not known here. */
export function isOpenToOthers({ mode }: Stats): boolean {
  return process.platform !== 'win32' && (mode & 0o077) !== 0;
}

/** `mode 0644` */
export function modeText({ mode }: Stats): string {
  return `mode 0${(mode & 0o777).toString(8)}`;
}

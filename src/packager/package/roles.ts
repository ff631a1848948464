import type { Role } from '../../manifest/presentation.js';

/** What tracks are for, as manifests say it (ISO/IEC 23009-1 5.8.5.5). */
export const ROLES: readonly Role[] = [
  'main',
  'alternate',
  'dub',
  'commentary',
  'subtitle',
  'caption',
  'forced-subtitle',
  'description',
];

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}

import { named } from '../../settings/spelling.js';
import type { Signalling } from './presentation.js';

/** Whether manifests name FairPlay: its URI is given, or it is among the systems. */
export function namesFairPlay({ fairplayUri, systems = [] }: Signalling): boolean {
  return fairplayUri !== undefined || systems.includes('fairplay');
}

/** What to leave out, in words, so that nobody asks for FairPlay. */
export function withoutFairPlay({ fairplayUri, systems = [] }: Signalling): string {
  const asked = [
    ...(systems.includes('fairplay') ? [`fairplay out of ${named('systems')}`] : []),
    ...(fairplayUri !== undefined ? [`${named('fairplayUri')} out`] : []),
  ];
  return `leave ${asked.join(', and ')}`;
}

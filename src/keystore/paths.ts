import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Directories of one purpose: the variable that names it, and where it is when the variable is not set. */
interface Place {
  readonly variable: string;
  readonly fallback: (environment: Environment, platform: string) => string;
}

const DATA: Place = {
  variable: 'XDG_DATA_HOME',
  fallback: (environment, platform) =>
    platform === 'win32'
      ? (environment.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
      : platform === 'darwin'
        ? join(homedir(), 'Library', 'Application Support')
        : join(homedir(), '.local', 'share'),
};

const CONFIGURATION: Place = {
  variable: 'XDG_CONFIG_HOME',
  fallback: (environment, platform) =>
    platform === 'win32'
      ? (environment.APPDATA ?? join(homedir(), 'AppData', 'Roaming'))
      : platform === 'darwin'
        ? join(homedir(), 'Library', 'Application Support')
        : join(homedir(), '.config'),
};

/** The key store of a user who names none (XDG Base Directory Specification; the system's own place on macOS and Windows). */
export function defaultKeyStorePath(environment: Environment, platform: string = process.platform): string {
  return join(directory(DATA, environment, platform), 'prpack', 'keys.sqlite');
}

/** What this user knows of keys on SKM servers. */
export function skmIndexPath(environment: Environment, platform: string = process.platform): string {
  return join(directory(DATA, environment, platform), 'prpack', 'skm.sqlite');
}

/** The file of the key-encryption key of a user who gives none. It lies apart from the store, whose backups then do not hold it. */
export function defaultKekPath(environment: Environment, platform: string = process.platform): string {
  return join(directory(CONFIGURATION, environment, platform), 'prpack', 'kek');
}

function directory(place: Place, environment: Environment, platform: string): string {
  const named = environment[place.variable];
  // "If an implementation encounters a relative path in any of these variables it should … ignore it" (XDG).
  return named && isAbsolute(named) ? named : place.fallback(environment, platform);
}

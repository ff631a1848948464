import { isScope, type Scope } from './scopes.js';

/** What a client certificate may do. */
export interface ClientGrant {
  /** Distinguished name of the subject, such as `O=Example, CN=packager`. */
  readonly subject: string;
  readonly scopes: readonly Scope[];
}

/** `<subject>=<scope>,<scope>`, such as `O=Example, CN=packager=register,read-keys`; undefined when the text is anything else. */
export function parseClientGrant(text: string): ClientGrant | undefined {
  const at = text.lastIndexOf('=');
  const subject = text.slice(0, at);
  const scopes = text
    .slice(at + 1)
    .split(',')
    .map((scope) => scope.trim());
  return subject.includes('=') && scopes.every(isScope)
    ? { subject, scopes: [...new Set(scopes)] }
    : undefined;
}

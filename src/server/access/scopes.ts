/**
 * What a caller may do. `register`: remember keys and note published files. `read-keys`: get keys out. `admin`: revoke keys, replace
 * policies, register further keys of a content, and read the audit. None of them includes another.
 */
export const SCOPES = ['register', 'read-keys', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** What a route asks for: all of the scopes, or `any` of them. */
export type Demand = readonly Scope[] | 'any';

/** Somebody who has shown who they are. */
export interface Principal {
  /** For the audit: which token or certificate it was. */
  readonly actor: string;
  readonly scopes: readonly Scope[];
  /** The contents that it may work with: those whose ids begin so. All, when absent. */
  readonly contentPrefix?: string;
}

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** Whether the scopes are enough. */
export function satisfies({ scopes }: Principal, demand: Demand): boolean {
  return demand === 'any' ? scopes.length > 0 : demand.every((scope) => scopes.includes(scope));
}

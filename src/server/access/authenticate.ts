import { TLSSocket } from 'node:tls';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problem.js';
import { type Demand, type Principal, type Scope, satisfies } from './scopes.js';
import { endOf } from './token.js';
import type { TokenCache } from './token-cache.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; absent where a route asks nobody. */
    principal?: Principal;
  }
  interface FastifyContextConfig {
    /** Scopes that the route asks for; a route without it is open to everybody. */
    demand?: Demand;
  }
}

/** What client certificates may do, by the distinguished name of their subject, such as `O=Example, CN=packager`. */
export type ClientScopes = ReadonlyMap<string, readonly Scope[]>;

export interface AccessOptions {
  readonly tokens: TokenCache;
  readonly clients: ClientScopes;
}

/** Decides who a caller is and whether that is enough. */
export class Access {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /**
   * The caller, once it has shown that it may do what is demanded.
   * @throws Problem 401 without good credentials, 403 when they are not enough
   */
  async admit(request: FastifyRequest, reply: FastifyReply, demand: Demand): Promise<Principal> {
    const principal = await this.#principalOf(request, reply);
    if (!principal) {
      throw unauthenticated(reply, 'this needs a token or a client certificate that the key server knows');
    }
    if (!satisfies(principal, demand)) {
      const wanted = demand === 'any' ? 'any scope' : demand.join(' and ');
      throw new Problem(
        403,
        'FORBIDDEN',
        `this needs the scope ${wanted}`,
        'Use a token that was made with it.',
      );
    }
    request.principal = principal;
    return principal;
  }

  /** Credentials that are there but wrong are an error, whatever the certificate says. */
  async #principalOf({ headers, raw }: FastifyRequest, reply: FastifyReply): Promise<Principal | undefined> {
    if (headers.authorization === undefined) return this.#certifiedPrincipal(raw.socket);
    const token = tokenOf(headers.authorization);
    const record = token === undefined ? undefined : await this.#options.tokens.find(token);
    if (!record) return undefined;
    const end = endOf(record);
    if (end)
      throw unauthenticated(
        reply,
        `the token ${record.id} has ${end === 'revoked' ? 'been revoked' : 'expired'}`,
      );
    const { id, name, scopes, contentPrefix } = record;
    return {
      actor: `token ${name} (${id})`,
      scopes,
      ...(contentPrefix !== undefined && { contentPrefix }),
    };
  }

  /** `authorized`: the certificate was issued by the client CA of the server, and is in its time. */
  #certifiedPrincipal(socket: unknown): Principal | undefined {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
    const subject = socket.getPeerX509Certificate()?.subject.split('\n').join(', ');
    const scopes = subject === undefined ? undefined : this.#options.clients.get(subject);
    return scopes && { actor: `certificate ${subject}`, scopes };
  }
}

function unauthenticated(reply: FastifyReply, detail: string): Problem {
  reply.header('www-authenticate', 'Bearer realm="prpack", Basic realm="prpack", charset="UTF-8"');
  return new Problem(
    401,
    'UNAUTHENTICATED',
    detail,
    'Send `Authorization: Bearer <token>`, or the token as the password of Basic; `prpack serve token create` makes one.',
  );
}

/** The token of a Bearer header (RFC 6750), or the password of a Basic one (RFC 7617), which older packagers can send. */
function tokenOf(authorization: string): string | undefined {
  const [scheme, value] = authorization.split(/ +/, 2);
  if (value === undefined) return undefined;
  if (/^bearer$/i.test(scheme!)) return value;
  if (!/^basic$/i.test(scheme!)) return undefined;
  const text = Buffer.from(value, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

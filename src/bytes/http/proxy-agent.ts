import { type buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { codeOf } from './error-code.js';

/** How connections are made. Servers and proxies are always verified, whatever the environment says. */
export interface ConnectSettings {
  /** Longest time to establish a connection. */
  readonly timeoutMs: number;
  /** Certificates and keys for servers, in PEM; proxies see none of them. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/**
 * Connects directly, or through the proxies of HTTPS_PROXY, HTTP_PROXY and NO_PROXY: through a tunnel to https servers; for http ones the
 * proxy is asked for the whole URL, as most let nothing else through.
 */
export function proxyAgent({ timeoutMs, tls = {} }: ConnectSettings): Dispatcher {
  const proxyTls = { rejectUnauthorized: true, timeout: timeoutMs };
  const requestTls = { ...tls, ...proxyTls };
  return new EnvHttpProxyAgent({
    connect: requestTls,
    requestTls,
    proxyTls,
    proxyTunnel: false,
    factory: (origin, options: Pool.Options) => {
      const { connect } = options;
      return new Pool(
        origin,
        typeof connect === 'function' ? { ...options, connect: once(connect) } : options,
      );
    },
  });
}

/**
 * Connects through a proxy. Where one hangs up, undici tries for ever unless it is given another failure than it saw.
 */
function once(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (!error) callback(null, socket);
      else callback(codeOf(error) === 'UND_ERR_SOCKET' ? new HungUpError() : error, null);
    });
}

/** The proxy ended the connection instead of opening a tunnel. */
class HungUpError extends Error {
  readonly code = 'UND_ERR_ABORTED';
}

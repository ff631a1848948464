/** What to do where a proxy does not let a server of inputs or keys be reached. */

export const CHECK_PROXY_USER =
  'Check user and password in the URL of the proxy (HTTPS_PROXY; for http: HTTP_PROXY).';

export const CHECK_PROXY =
  'Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY, and that the proxy lets this host through.';

/** The second half of a sentence that begins with what else to check. */
export const OR_A_PROXY_IS_NEEDED = 'and whether a proxy is needed (HTTPS_PROXY; for http: HTTP_PROXY).';

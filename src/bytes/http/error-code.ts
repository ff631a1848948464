/** The code of a network error; undici wraps some in others. */
export function codeOf(error: unknown): string {
  const { name, code, cause } = error as { name?: string; code?: unknown; cause?: { code?: unknown } };
  const isTimeout = name === 'TimeoutError' || /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(String(code));
  if (isTimeout) return 'TIMEOUT';
  const found = typeof cause?.code === 'string' ? cause.code : code;
  return typeof found === 'string' ? found : 'UNKNOWN';
}

/** Milliseconds since some moment, which never go back. `performance`, which has the same, is loaded when it is used. */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

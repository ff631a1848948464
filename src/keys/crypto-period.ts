/** A span of a presentation that has keys of its own (key rotation). */
export interface CryptoPeriod {
  /** From 0: names the period for the source of its keys. */
  readonly index: number;
  /** Of the presentation, in seconds. */
  readonly startSeconds: number;
  readonly durationSeconds: number;
}

/** A time in seconds as xs:duration, to the microsecond: 4.004 is `PT4.004S`. */
export function secondsAsDuration(seconds: number): string {
  return `PT${Number(seconds.toFixed(6))}S`;
}

const DURATION =
  /^P(?:(\d{1,6})D)?(?:T(?=[\d.])(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?$/;

/**
 * The seconds of an xs:duration, and of `P0S` without the T, which packagers write; undefined for what is none, or has years or months,
 * which have no fixed length.
 */
export function durationAsSeconds(text: string): number | undefined {
  const match = DURATION.exec(text.trim());
  if (text.trim() === 'P0S') return 0;
  if (!match || /^P$|T$/.test(text.trim())) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return days * 86_400 + hours * 3_600 + minutes * 60 + seconds;
}

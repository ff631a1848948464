const DATE_TIME = /^\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;
/** ISO 8601 without years and months, whose length depends on the calendar. */
const DURATION =
  /^P(?=\d|T\d)(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,10})S)?)?$/;
const UNIT_SECONDS = [7 * 86400, 86400, 3600, 60, 1];

/** Milliseconds of an ISO 8601 duration, or undefined when the text is none. */
export function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  return match.slice(1).reduce((ms, count, i) => ms + Number(count ?? 0) * UNIT_SECONDS[i] * 1000, 0);
}

/** Milliseconds since 1970 of an RFC 3339 date or date and time, or undefined when the text is none or there is no such day. */
export function dateMs(text: string): number | undefined {
  if (!DATE_TIME.test(text)) return undefined;
  const ms = Date.parse(text.toUpperCase());
  if (Number.isNaN(ms)) return undefined;
  // Date.parse takes 30 February as 1 March: the day must be there in the calendar.
  const [year, month, day] = text.slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day ? ms : undefined;
}

/** A moment of a policy, for a license that is issued at `issuedAtMs`. */
export function momentMs(moment: string, issuedAtMs: number): number | undefined {
  const relative = durationMs(moment);
  return relative === undefined ? dateMs(moment) : issuedAtMs + relative;
}

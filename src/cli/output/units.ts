/** `0 B`, `999 B`, `1.0 kB`, `2.5 GB`: powers of 1000, as disks and networks count. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** `0:09.50`, `12:00.00`, `1:02:03.00`: media time, to a hundredth of a second. */
export function formatDuration(seconds: number): string {
  const hundredths = Math.round(seconds * 100);
  const rest = ((hundredths % 6000) / 100).toFixed(2).padStart(5, '0');
  return `${formatMinutes(Math.floor(hundredths / 6000))}:${rest}`;
}

/** `0:09`, `12:00`, `1:02:03`: time to wait, to a second; `-:--` when nobody can say. */
export function formatEta(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-:--';
  const whole = Math.ceil(seconds);
  return `${formatMinutes(Math.floor(whole / 60))}:${`${whole % 60}`.padStart(2, '0')}`;
}

function formatMinutes(minutes: number): string {
  if (minutes < 60) return `${minutes}`;
  return `${Math.floor(minutes / 60)}:${`${minutes % 60}`.padStart(2, '0')}`;
}

/** `12 ms`, `3.4 s`: wall time. */
export function formatElapsed(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** `1 track`, `2 tracks`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/**
 * Text of a file as a terminal may show it: control characters, which could move the cursor or worse, are written as
 * escapes. Line breaks and tabs stay.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

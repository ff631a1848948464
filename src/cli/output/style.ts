import { styleText } from 'node:util';

const FORMATS = ['bold', 'dim', 'red', 'green', 'yellow'] as const;

/** Colours text, or leaves it alone. */
export type Style = Readonly<Record<(typeof FORMATS)[number], (text: string) => string>>;

/** The style of a stream: plain unless it is a terminal with colours; NO_COLOR and FORCE_COLOR are honoured. */
export function styleOf(stream: NodeJS.WriteStream): Style {
  return stream.isTTY && stream.hasColors() ? COLOURED : PLAIN;
}

/** A style that changes nothing. */
export const PLAIN: Style = makeStyle((_, text) => text);

const COLOURED: Style = makeStyle((format, text) => styleText(format, text, { validateStream: false }));

function makeStyle(paint: (format: (typeof FORMATS)[number], text: string) => string): Style {
  return Object.fromEntries(
    FORMATS.map((format) => [format, (text: string) => paint(format, text)]),
  ) as unknown as Style;
}

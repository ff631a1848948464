/** One JSON object on one line. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

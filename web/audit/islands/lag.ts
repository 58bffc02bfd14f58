/** How long after a log entry something was signed, in words. Clocks differ: it can be before it. */
export function lagWords(ms: number, entry: string): string {
  const seconds = Math.round(ms / 1000);
  if (seconds === 0) return `in the same second as ${entry}`;
  return seconds > 0 ? `${seconds} s after ${entry}` : `${-seconds} s before ${entry}`;
}

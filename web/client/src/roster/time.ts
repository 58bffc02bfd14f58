import { quote, refuse } from "./json.js";

const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * Reads a time as RFC 3339 has it, in ms since 1970. What is finer than a microsecond is
 * cut off, but not down to a whole ms, so that comparisons with times of the log stay what they
 * are. One of long ago or far ahead is a mistake of whoever wrote it: an unset time, or other
 * units. Throws a Refusal.
 */
export function parseTime(text: string): number {
  const m = shape.exec(text);
  const [year, month, day, hour, minute, second, offsetHour, offsetMinute] = [1, 2, 3, 4, 5, 6, 9, 10].map(
    (i) => Number(m?.[i] ?? 0),
  ) as [number, number, number, number, number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!m || !real || hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) {
    refuse(`${quote(text)} is not a time: RFC 3339 has them as 2026-01-31T12:00:00Z`);
  }
  const offset = (m[8] === "-" ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  const whole = date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000;
  const year_ = new Date(whole).getUTCFullYear();
  if (!(year_ >= 1990 && year_ <= 9998))
    refuse(`${quote(text)} is no plausible time: leave it out if it is not known`);
  return whole + fraction(m[7] ?? "");
}

/** Of a second, in ms. */
function fraction(digits: string): number {
  const padded = digits.slice(0, 9).padEnd(9, "0");
  const [ms, rest] = [Number(padded.slice(0, 3)), Number(padded.slice(3)) / 1000];
  return rest === 0 ? ms : ms + Math.max(Math.floor(rest), 1) / 1000;
}

/** Writes a time as parseTime reads it. */
export function formatTime(ms: number): string {
  const whole = Math.floor(ms);
  const micro = Math.min(Math.round((ms - whole) * 1000), 999);
  const text = new Date(whole).toISOString().slice(0, -1);
  const digits = (text.slice(20) + String(micro).padStart(3, "0")).replace(/0+$/, "");
  return text.slice(0, 19) + (digits === "" ? "" : "." + digits) + "Z";
}

/** Writes a time for people. */
export function stamp(ms: number): string {
  return new Date(Math.floor(ms)).toISOString().slice(0, 19).replace("T", " ") + " UTC";
}

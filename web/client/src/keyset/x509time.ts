import { Tag, type Element } from "./der.js";
import { latin1, malformed } from "./facts.js";

const patterns: Record<number, RegExp> = {
  [Tag.utcTime]: /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/,
  [Tag.generalizedTime]: /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(Z|[+-]\d{4})$/,
};

/**
 * Reads a UTCTime or a GeneralizedTime (RFC 5280, Section 4.1.2.5), and offsets from UTC, which
 * are forbidden and occur. Returns seconds since 1970. Throws a Refusal.
 */
export function parseTime(e: Element): number {
  const [, year = "", ...fields] = patterns[e.tag]?.exec(latin1(e.content)) ?? malformed("not a time");
  const zone = fields.pop() ?? "Z";
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.map((f) => Number(f ?? 0));
  // SPEC: Where YY is greater than or equal to 50, the year SHALL be interpreted as 19YY.
  const full = Number(year) + (year.length === 4 ? 0 : Number(year) < 50 ? 2000 : 1900);
  const at = new Date(0);
  at.setUTCFullYear(full, month - 1, day);
  at.setUTCHours(hour, minute, second);
  const same = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && at.getUTCHours() === hour;
  if (!same || at.getUTCMinutes() !== minute || at.getUTCSeconds() !== second) malformed("not a date");
  return at.getTime() / 1000 - offset(zone);
}

/** In seconds. Zero is written Z. */
function offset(zone: string): number {
  if (zone === "Z") return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3))];
  if (hours > 24 || minutes > 59 || hours + minutes === 0) malformed("not a time zone");
  return (hours * 3600 + minutes * 60) * (zone[0] === "-" ? -1 : 1);
}

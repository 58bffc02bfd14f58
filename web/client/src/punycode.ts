/**
 * Decodes what follows "xn--" in a label of a domain (RFC 3492). What does not decode becomes
 * the empty string, which is no label. Whether the label is the only one of its text is for
 * the caller to check.
 */
export function decodePunycode(text: string): string {
  const basic = text.lastIndexOf("-");
  const out = Array.from(text.slice(0, Math.max(basic, 0)));
  let [point, at, bias, in_] = [128, 0, 72, basic + 1];
  while (in_ < text.length) {
    const before = at;
    for (let weight = 1, k = 36; ; k += 36) {
      const digit = digitOf(text[in_++] ?? "");
      if (digit < 0) return "";
      at += digit * weight;
      if (at > 0x7fffffff) return "";
      const threshold = Math.min(Math.max(k - bias, 1), 26);
      if (digit < threshold) break;
      weight *= 36 - threshold;
    }
    bias = adapt(at - before, out.length + 1, before === 0);
    point += Math.floor(at / (out.length + 1));
    at %= out.length + 1;
    if (point > 0x10ffff) return "";
    out.splice(at++, 0, String.fromCodePoint(point));
  }
  return out.join("");
}

function digitOf(c: string): number {
  return c === "" ? -1 : "abcdefghijklmnopqrstuvwxyz0123456789".indexOf(c);
}

function adapt(delta: number, points: number, first: boolean): number {
  delta = Math.floor(delta / (first ? 700 : 2));
  delta += Math.floor(delta / points);
  let k = 0;
  for (; delta > 455; k += 36) delta = Math.floor(delta / 35);
  return k + Math.floor((36 * delta) / (delta + 38));
}

/** A number as the server writes it: in groups of three digits. */
export function grouped(n: number): string {
  const digits = String(n);
  return digits.length <= 4 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

import { checkPoint } from "../curves.js";
import { checkEd25519, checkEd448, checkX25519, checkX448 } from "../edwards.js";
import { checkDSA } from "../dsa.js";
import { malformed, type Facts } from "../facts.js";
import { bitLength } from "../numbers.js";
import { judgeRSA, maxRSABits } from "../rsa.js";
import type { PGPKey } from "./key.js";

/** Checks the numbers of a primary key or subkey and adds its weaknesses. Throws a Refusal. */
export function judgeKey(key: PGPKey, facts: Pick<Facts, "weak">): void {
  const m = key.material;
  switch (m.kind) {
    case "rsa":
      return judgeRSA(m.rsa, facts);
    case "dsa":
      facts.weak.push("dsa");
      return checkDSA(m.dsa);
    case "elgamal":
      return judgeElGamal(m.p, m.g, m.y, facts);
    case "ecdh":
      return checkPoint(m.curve, m.point);
    case "eddsa":
    case "mldsa":
      return (m.point.length === 32 ? checkEd25519 : checkEd448)(m.point);
    case "xdh":
      return (m.point.length === 32 ? checkX25519 : checkX448)(m.point);
    case "ecdsa": // checked as it was read
    case "slhdsa":
      return;
  }
}

function judgeElGamal(p: bigint, g: bigint, y: bigint, facts: Pick<Facts, "weak">): void {
  const bits = bitLength(p);
  const inRange = p % 2n === 1n && g >= 2n && g < p && y >= 2n && y < p;
  if (bits > maxRSABits || !inRange) malformed("ElGamal numbers out of range");
  if (bits < 2048) facts.weak.push(`elgamal-${bits}`);
}

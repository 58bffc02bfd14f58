import { checkEd25519, checkEd448, checkPoint, checkX25519, checkX448 } from "../curves.js";
import { checkDSA } from "../dsa.js";
import { malformed, type Facts } from "../facts.js";
import { bitLength } from "../numbers.js";
import { judgeRSA, maxRSABits } from "../rsa.js";
import type { PGPKey } from "./key.js";

/** Checks the numbers of a primary key or subkey and returns its weaknesses. Throws a Refusal. */
export function judgeKey(key: PGPKey): string[] {
  const m = key.material;
  const facts: Facts = { words: [], revoked: false, weak: [] };
  switch (m.kind) {
    case "rsa":
      judgeRSA(m.rsa, facts);
      return facts.weak;
    case "dsa":
      checkDSA(m.dsa);
      return ["dsa"];
    case "elgamal":
      return judgeElGamal(m.p, m.g, m.y);
    case "ecdh":
      checkPoint(m.curve, m.point);
      return [];
    case "eddsa":
      (m.point.length === 32 ? checkEd25519 : checkEd448)(m.point);
      return [];
    case "xdh":
      (m.point.length === 32 ? checkX25519 : checkX448)(m.point);
      return [];
    case "ecdsa": // checked as it was read
    case "slhdsa":
      return [];
  }
}

function judgeElGamal(p: bigint, g: bigint, y: bigint): string[] {
  const bits = bitLength(p);
  if (bits > maxRSABits || p % 2n === 0n || g >= p || y >= p || g < 2n || y < 2n)
    malformed("ElGamal numbers out of range");
  return bits < 2048 ? [`elgamal-${bits}`] : [];
}

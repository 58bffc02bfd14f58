import assert from "node:assert/strict";
import { test } from "node:test";

import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";

import { decodeEdwards25519, decodeP256, type EdwardsPoint, edwards25519 } from "../src/curve.js";
import * as kt from "../src/index.js";
import { hex, readVectors, refusal, runAll, testShared } from "./vectors.js";

interface RfcVector {
  name: string;
  suite: kt.CipherSuite;
  pk: string;
  alpha: string;
  pi: string;
  beta: string;
}

// RFC 9381, Appendix B.1 (ECVRF-P256-SHA256-TAI) and B.3 (ECVRF-EDWARDS25519-SHA512-TAI).
const rfcVectors: RfcVector[] = [
  {
    name: "Example 10",
    suite: kt.KT_128_SHA256_P256,
    pk: "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
    alpha: "73616d706c65",
    pi: "035b5c726e8c0e2c488a107c600578ee75cb702343c153cb1eb8dec77f4b5071b4a53f0a46f018bc2c56e58d383f2305e0975972c26feea0eb122fe7893c15af376b33edf7de17c6ea056d4d82de6bc02f",
    beta: "a3ad7b0ef73d8fc6655053ea22f9bede8c743f08bbed3d38821f0e16474b505e",
  },
  {
    name: "Example 11",
    suite: kt.KT_128_SHA256_P256,
    pk: "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
    alpha: "74657374",
    pi: "034dac60aba508ba0c01aa9be80377ebd7562c4a52d74722e0abae7dc3080ddb56c19e067b15a8a8174905b13617804534214f935b94c2287f797e393eb0816969d864f37625b443f30f1a5a33f2b3c854",
    beta: "a284f94ceec2ff4b3794629da7cbafa49121972671b466cab4ce170aa365f26d",
  },
  {
    name: "Example 12",
    suite: kt.KT_128_SHA256_P256,
    pk: "03596375e6ce57e0f20294fc46bdfcfd19a39f8161b58695b3ec5b3d16427c274d",
    alpha:
      "4578616d706c65207573696e67204543445341206b65792066726f6d20417070656e646978204c2e342e32206f6620414e53492e58392d36322d32303035",
    pi: "03d03398bf53aa23831d7d1b2937e005fb0062cbefa06796579f2a1fc7e7b8c667d091c00b0f5c3619d10ecea44363b5a599cadc5b2957e223fec62e81f7b4825fc799a771a3d7334b9186bdbee87316b1",
    beta: "90871e06da5caa39a3c61578ebb844de8635e27ac0b13e829997d0d95dd98c19",
  },
  {
    name: "Example 16",
    suite: kt.KT_128_SHA256_Ed25519,
    pk: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    alpha: "",
    pi: "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
    beta: "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
  },
  {
    name: "Example 17",
    suite: kt.KT_128_SHA256_Ed25519,
    pk: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    alpha: "72",
    pi: "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
    beta: "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
  },
  {
    name: "Example 18",
    suite: kt.KT_128_SHA256_Ed25519,
    pk: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    alpha: "af82",
    pi: "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
    beta: "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f",
  },
];

test("the examples of RFC 9381, Appendix B.1 and B.3", () => {
  runAll(rfcVectors, { P256: 3, Ed25519: 3 }, (v) => {
    const key = kt.parseVrfPublicKey(v.suite, hex(v.pk));
    // KEYTRANS takes the first 32 bytes of beta.
    assert.equal(kt.encodeHex(key.verify(hex(v.alpha), hex(v.pi))), v.beta.slice(0, 64), v.name);
    assert.equal(
      refusal(() => key.verify(kt.concat(hex(v.alpha), hex("00")), hex(v.pi))),
      "proof",
    );
    return v.suite === kt.KT_128_SHA256_P256 ? "P256" : "Ed25519";
  });
});

interface VrfCase {
  ciphersuite: kt.CipherSuite;
  public_key: string;
  label?: string;
  version?: number;
  vrf_input: string;
  proof?: string;
  vrf_output?: string;
  refused?: boolean;
}

test("vectors: vrf", () => {
  runAll(readVectors<VrfCase>("vrf").cases, { agreed: 12, refused: 44 }, (c) => {
    const key = kt.parseVrfPublicKey(c.ciphersuite, hex(c.public_key));
    assert.deepEqual(kt.vrfInput(hex(c.label), c.version ?? 0), hex(c.vrf_input));
    if (c.refused === true) {
      assert.equal(
        refusal(() => key.verify(hex(c.vrf_input), hex(c.proof))),
        "proof",
      );
      return "refused";
    }
    assert.equal(kt.encodeHex(key.verify(hex(c.vrf_input), hex(c.proof))), c.vrf_output);
    return "agreed";
  });
});

interface SharedVrf {
  label: string;
  version: number;
  public_key: string;
  proof?: string;
}

testShared<SharedVrf, { output?: string; proof?: string; vrf_input?: string; error?: boolean }>(
  "vrf",
  { agreed: 10, refused: 1 },
  ({ input, expect }) => {
    const key = kt.parseVrfPublicKey(kt.KT_128_SHA256_Ed25519, hex(input.public_key));
    const alpha = kt.vrfInput(hex(input.label), input.version);
    if (expect.error === true) {
      assert.equal(
        refusal(() => key.verify(alpha, hex(input.proof))),
        "proof",
      );
      return "refused";
    }
    assert.deepEqual(alpha, hex(expect.vrf_input));
    assert.equal(kt.encodeHex(key.verify(alpha, hex(expect.proof))), expect.output);
    return "agreed";
  },
);

const p25519 = 2n ** 255n - 19n;

/** The 32 bytes of an encoded y with the sign of x. */
function edwardsEncoding(y: bigint, sign: boolean): Uint8Array {
  const b = hex(y.toString(16).padStart(64, "0")).reverse();
  b[31] = (b[31] ?? 0) | (sign ? 0x80 : 0);
  return b;
}

// The points of order 1, 2, 4 and 8, in canonical encoding.
const smallOrder = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

test("public keys of small order are refused, and so is a proof with such a Gamma", () => {
  const v = rfcVectors[3] ?? assert.fail();
  const key = kt.parseVrfPublicKey(v.suite, hex(v.pk));
  for (const s of smallOrder) {
    assert.throws(() => kt.parseVrfPublicKey(v.suite, hex(s)), /small order/);
    const proof = kt.concat(hex(s), hex(v.pi).subarray(32));
    assert.throws(() => key.verify(hex(v.alpha), proof), /does not match/);
  }
});

/** Makes a proof for a key and a Gamma with components of small order: by trying nonces. */
function proveWithTorsion(
  x: bigint,
  alpha: Uint8Array,
  inKey: EdwardsPoint,
  inGamma: EdwardsPoint,
): RfcVector {
  const { BASE, ZERO, Fn } = edwards25519();
  const times = (p: EdwardsPoint, n: bigint): EdwardsPoint => (n === 0n ? ZERO : p.multiplyUnsafe(n));
  const pk = BASE.multiply(x).add(inKey).toBytes();
  const h = encodeToCurve(pk, alpha);
  const gamma = h.multiply(x).add(inGamma).toBytes();
  for (let k = 1n; ; k++) {
    // c*Y and c*Gamma have the components times c modulo 8, which is guessed.
    const guess = k % 8n;
    const u = BASE.multiply(k).subtract(times(inKey, guess)).toBytes();
    const v = h.multiply(k).subtract(times(inGamma, guess)).toBytes();
    const c = sha512(kt.concat(hex("0302"), pk, h.toBytes(), gamma, u, v, hex("00"))).subarray(0, 16);
    const n = BigInt(`0x${kt.encodeHex(c.slice().reverse())}`);
    if (n % 8n !== guess) continue;
    const s = hex(
      Fn.create(k + n * x)
        .toString(16)
        .padStart(64, "0"),
    ).reverse();
    const pi = kt.encodeHex(kt.concat(gamma, c, s));
    const beta = kt.encodeHex(
      sha512(kt.concat(hex("0303"), h.multiply(x).clearCofactor().toBytes(), hex("00"))),
    );
    return { name: "", suite: kt.KT_128_SHA256_Ed25519, pk: kt.encodeHex(pk), alpha: "", pi, beta };
  }
}

function encodeToCurve(pk: Uint8Array, alpha: Uint8Array): EdwardsPoint {
  for (let ctr = 0; ctr < 256; ctr++) {
    const hash = sha512(kt.concat(hex("0301"), pk, alpha, Uint8Array.of(ctr, 0)));
    const p = decodeEdwards25519(hash.subarray(0, 32));
    if (p !== undefined) return p.clearCofactor();
  }
  return assert.fail();
}

// RFC 9381 has no check against this, and needs none: the output is that of Gamma times 8.
test("components of small order in a key and in Gamma change no output", () => {
  const points = smallOrder.map((s) => decodeEdwards25519(hex(s)) ?? assert.fail());
  const alpha = hex("616263");
  for (const [i, inGamma] of points.entries()) {
    const inKey = points[(i * 3) % 8] ?? assert.fail();
    const made = proveWithTorsion(12345678901234567890n, alpha, inKey, inGamma);
    const key = kt.parseVrfPublicKey(made.suite, hex(made.pk));
    assert.equal(kt.encodeHex(key.verify(alpha, hex(made.pi))), made.beta.slice(0, 64));
  }
});

test("encodings of points that are not canonical are refused as keys and as Gamma", () => {
  const v = rfcVectors[3] ?? assert.fail();
  const key = kt.parseVrfPublicKey(v.suite, hex(v.pk));
  // All y from p to 2^255-1, and the sign of x = 0, which it is for y = 1 and y = -1.
  const wrong = [edwardsEncoding(1n, true), edwardsEncoding(p25519 - 1n, true)];
  for (let y = p25519; y < 2n ** 255n; y++) wrong.push(edwardsEncoding(y, false), edwardsEncoding(y, true));
  assert.equal(wrong.length, 2 + 2 * 19);
  for (const b of wrong) {
    assert.throws(() => kt.parseVrfPublicKey(v.suite, b), /canonical/);
    const proof = kt.concat(b, hex(v.pi).subarray(32));
    assert.throws(() => key.verify(hex(v.alpha), proof), /Gamma is not the canonical/);
  }
});

test("keys of another size or form are refused", () => {
  for (const v of rfcVectors) {
    const pk = hex(v.pk);
    const isP256 = v.suite === kt.KT_128_SHA256_P256;
    const wrong = [hex(""), pk.subarray(1), kt.concat(pk, hex("00")), hex("00"), hex("00".repeat(pk.length))];
    if (isP256) {
      for (const prefix of ["00", "01", "04", "05", "82"]) wrong.push(kt.concat(hex(prefix), pk.subarray(1)));
      wrong.push((decodeP256(pk) ?? assert.fail()).toBytes(false));
      // x = p, which is 0 modulo p, and x = 2^256-1.
      wrong.push(hex("02ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"));
      wrong.push(hex(`02${"ff".repeat(32)}`));
    }
    for (const b of wrong)
      assert.equal(
        refusal(() => kt.parseVrfPublicKey(v.suite, b)),
        "malformed",
      );
  }
});

test("proofs of another size, and an s that is not below the order, are refused", () => {
  for (const v of rfcVectors) {
    const key = kt.parseVrfPublicKey(v.suite, hex(v.pk));
    const pi = hex(v.pi);
    for (const b of [hex(""), pi.subarray(1), pi.subarray(0, -1), kt.concat(pi, hex("00"))]) {
      assert.throws(() => key.verify(hex(v.alpha), b), /bytes/);
    }
    const isP256 = v.suite === kt.KT_128_SHA256_P256;
    const order = isP256
      ? 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
      : 2n ** 252n + 27742317777372353535851937790883648493n;
    const sBytes = pi.slice(-32);
    const s = BigInt(`0x${kt.encodeHex(isP256 ? sBytes : sBytes.reverse())}`);
    for (const bad of [order, order + 1n, s + order, 2n ** 256n - 1n].filter((n) => n < 2n ** 256n)) {
      const b = hex(bad.toString(16).padStart(64, "0"));
      const proof = kt.concat(pi.subarray(0, -32), isP256 ? b : b.reverse());
      assert.throws(() => key.verify(hex(v.alpha), proof), /not below the group order/);
    }
    // Zero is below it. U and V of a proof of zeros are no point at infinity unless c is 0, too.
    for (const zeros of [32, 48]) {
      const proof = kt.concat(pi.subarray(0, -zeros), new Uint8Array(zeros));
      assert.equal(
        refusal(() => key.verify(hex(v.alpha), proof)),
        "proof",
      );
    }
  }
});

test("whatever the proof is, there is an output or a refusal", () => {
  for (const v of rfcVectors) {
    const key = kt.parseVrfPublicKey(v.suite, hex(v.pk));
    const pi = hex(v.pi);
    const flips = fc.tuple(fc.nat(pi.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(flips, ([at, mask]) => {
        const b = pi.slice();
        b[at] = (b[at] ?? 0) ^ mask;
        assert.equal(
          refusal(() => key.verify(hex(v.alpha), b)),
          "proof",
        );
      }),
      { numRuns: 15 },
    );
    const random = fc.uint8Array({ minLength: pi.length, maxLength: pi.length });
    const property = fc.property(random, (b) => refusal(() => key.verify(hex(v.alpha), b)) === "proof");
    fc.assert(property, { numRuns: 15 });
  }
});

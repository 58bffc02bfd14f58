import { Reader } from "../codec.js";
import { encodeHex } from "../bytes.js";
import { malformed } from "./facts.js";
import { numberOf } from "./numbers.js";

/** Tags of DER. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One value: its tag, its content, and all of its bytes. */
export interface Element {
  tag: number;
  content: Uint8Array;
  bytes: Uint8Array;
}

/** Reads DER, one value after the other. Throws a Refusal for another tag, and for what is not DER. */
export class DER {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get empty(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Whether a value of this tag is next. */
  has(tag: number): boolean {
    return this.#bytes[this.#at] === tag;
  }

  any(): Element {
    const r = new Reader(this.#bytes.subarray(this.#at));
    const tag = r.u8("tag");
    if ((tag & 31) === 31) malformed("a tag of more than one byte");
    const size = lengthOf(r);
    const content = r.fixed(size, "DER value");
    const end = this.#bytes.length - r.remaining;
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return { tag, content, bytes };
  }

  element(tag: number): Element {
    if (!this.has(tag)) malformed(`DER: no value of tag ${tag}`);
    return this.any();
  }

  content(tag: number): Uint8Array {
    return this.element(tag).content;
  }

  /** The values in a constructed one. */
  inside(tag: number): DER {
    return new DER(this.content(tag));
  }

  /** Content of a value that may be absent. */
  optional(tag: number): Uint8Array | undefined {
    return this.has(tag) ? this.content(tag) : undefined;
  }

  integer(): bigint {
    const b = this.content(Tag.integer);
    const [first = 0, second = 0] = b;
    if (b.length === 0) malformed("an empty integer");
    if (b.length > 1 && ((first === 0 && second < 128) || (first === 255 && second >= 128))) {
      malformed("an integer that is not in its shortest form");
    }
    return first < 128 ? numberOf(b) : numberOf(b) - (1n << BigInt(8 * b.length));
  }

  boolean(): boolean {
    const b = this.content(Tag.boolean);
    if (b.length !== 1 || (b[0] !== 0 && b[0] !== 255)) malformed("a boolean");
    return b[0] === 255;
  }

  /** A bit string, shifted so that its last bit is the last of its bytes. */
  bits(): Uint8Array {
    const b = this.content(Tag.bitString);
    const [unused = 8] = b;
    const value = b.subarray(1);
    const last = value.at(-1) ?? 0;
    if (unused > 7 || (value.length === 0 && unused > 0) || last & ((1 << unused) - 1))
      malformed("a bit string");
    if (unused === 0) return value;
    return value.map((v, i) => (v >> unused) | ((value[i - 1] ?? 0) << (8 - unused)));
  }

  /** An object identifier: its content in hexadecimal. Parts are below 2^31. */
  oid(): string {
    const b = this.content(Tag.oid);
    let [part, size] = [0, 0];
    for (const v of b) {
      if (size === 5 || part >= 2 ** 24 || (size === 0 && v === 0x80)) malformed("an object identifier");
      part = part * 128 + (v & 127);
      size++;
      if (v < 128) [part, size] = [0, 0];
    }
    if (b.length === 0 || size > 0) malformed("an object identifier");
    return encodeHex(b);
  }

  /** What is left, whatever it is. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  /** Refuses what follows. */
  end(): void {
    if (!this.empty) malformed("DER: something after the last value");
  }
}

function lengthOf(r: Reader): number {
  const first = r.u8("length");
  if (first < 128) return first;
  const count = first & 127;
  if (count === 0 || count > 4) malformed("a DER length");
  let n = 0;
  for (let i = 0; i < count; i++) n = n * 256 + r.u8("length");
  if (n < 128 || n < 2 ** (8 * (count - 1))) malformed("a DER length that is not in its shortest form");
  return n;
}

/** Reads an Ecdsa-Sig-Value. Throws a Refusal. */
export function parseECDSASignature(b: Uint8Array): { r: bigint; s: bigint } {
  const outer = new DER(b);
  const d = outer.inside(Tag.sequence);
  outer.end();
  const [r, s] = [d.integer(), d.integer()];
  d.end();
  return { r, s };
}

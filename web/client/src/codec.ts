// The TLS presentation language as KEYTRANS uses it: the length prefix of a vector counts
// its elements, and its width holds the declared maximum.

import { Refusal, type RefusalKind } from "./errors.js";

/** How many bytes the length prefix of a vector has. */
export type LengthSize = 1 | 2 | 4;

/**
 * Consumes an encoding. Every method throws a Refusal of the kind "malformed" that names the
 * field, and checks a length before it allocates memory for it. What it returns shares no
 * memory with the encoding.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #unfit: Refusal | undefined; // the first number that is too great for its field's meaning

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Refuses the encoding for what is wrong with a field. */
  fail(field: string): never {
    throw new Refusal("malformed", `malformed message: ${field}`);
  }

  #skip(size: number, field: string): number {
    if (size > this.remaining) this.fail(field);
    const at = this.#at;
    this.#at += size;
    return at;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#skip(1, field));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#skip(2, field));
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#skip(4, field));
  }

  /**
   * A uint64. Above 2^53-1 it is refused: no position, size or time is that great. If `kind` is
   * given, the encoding itself is not what is wrong with such a number: the value is 0, and it is
   * `end` that refuses it, with that kind, unless something else is malformed.
   */
  u64(field: string, kind?: RefusalKind): number {
    const v = this.u32(field) * 2 ** 32 + this.u32(field);
    if (Number.isSafeInteger(v)) return v;
    if (kind === undefined) this.fail(field);
    this.#unfit ??= new Refusal(kind, `no such number is possible: ${field}`);
    return 0;
  }

  /** Exactly `size` bytes. */
  fixed(size: number, field: string): Uint8Array {
    const at = this.#skip(size, field);
    return this.#bytes.slice(at, at + size);
  }

  /** A hash value, a search key or a commitment. */
  hash(field: string): Uint8Array {
    return this.fixed(hashSize, field);
  }

  #length(size: LengthSize, field: string): number {
    return size === 1 ? this.u8(field) : size === 2 ? this.u16(field) : this.u32(field);
  }

  /** `opaque field<..>` behind a length of `lengthSize` bytes. */
  opaque(lengthSize: LengthSize, field: string): Uint8Array {
    return this.fixed(this.#length(lengthSize, field), field);
  }

  /** A vector of elements that take at least `minSize` bytes each. */
  vector<T>(lengthSize: LengthSize, minSize: number, field: string, read: () => T): T[] {
    const count = this.#length(lengthSize, field);
    if (count * minSize > this.remaining) this.fail(field);
    const out: T[] = [];
    for (let i = 0; i < count; i++) out.push(read());
    return out;
  }

  /** A vector of hash values. */
  hashes(lengthSize: LengthSize, field: string): Uint8Array[] {
    return this.vector(lengthSize, hashSize, field, () => this.hash(field));
  }

  /** `optional<T>`. */
  optional<T>(field: string, read: () => T): T | undefined {
    const present = this.u8(field);
    if (present > 1) this.fail(field);
    return present === 1 ? read() : undefined;
  }

  optional32(field: string): number | undefined {
    return this.optional(field, () => this.u32(field));
  }

  optional64(field: string): number | undefined {
    return this.optional(field, () => this.u64(field));
  }

  /** Refuses trailing bytes, and numbers that u64 left to it. */
  end(): void {
    if (this.remaining > 0) this.fail("trailing bytes");
    if (this.#unfit) throw this.#unfit;
  }
}

/** The size in bytes of hash values, search keys and commitments in both cipher suites. */
export const hashSize = 32;

/** Decodes the whole of an encoding. */
export function parse<T>(bytes: Uint8Array, read: (r: Reader) => T): T {
  const r = new Reader(bytes);
  const v = read(r);
  r.end();
  return v;
}

/**
 * Builds an encoding. A value that does not fit its field is the caller's mistake, a
 * RangeError; what a Reader has read always fits.
 */
export class Writer {
  #bytes = new Uint8Array(256);
  #size = 0;

  #grow(size: number): number {
    const at = this.#size;
    this.#size += size;
    if (this.#size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#size, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }

  #uint(size: number, v: number): this {
    if (!Number.isSafeInteger(v) || v < 0 || v >= 2 ** (8 * size)) {
      throw new RangeError(`${v} does not fit into ${size} bytes`);
    }
    const at = this.#grow(size);
    for (let i = size - 1; i >= 0; i--) {
      this.#bytes[at + i] = v % 256;
      v = Math.floor(v / 256);
    }
    return this;
  }

  u8(v: number): this {
    return this.#uint(1, v);
  }

  u16(v: number): this {
    return this.#uint(2, v);
  }

  u32(v: number): this {
    return this.#uint(4, v);
  }

  u64(v: number): this {
    return this.#uint(8, v);
  }

  /** Bytes without a length. Requires `size` of them, if it is given. */
  fixed(b: Uint8Array, size = b.length): this {
    if (b.length !== size) throw new RangeError(`${b.length} bytes where there must be ${size}`);
    const at = this.#grow(size);
    this.#bytes.set(b, at);
    return this;
  }

  hash(b: Uint8Array): this {
    return this.fixed(b, hashSize);
  }

  opaque(lengthSize: LengthSize, b: Uint8Array): this {
    return this.#uint(lengthSize, b.length).fixed(b);
  }

  vector<T>(lengthSize: LengthSize, values: readonly T[], write: (v: T) => unknown): this {
    this.#uint(lengthSize, values.length);
    values.forEach(write);
    return this;
  }

  hashes(lengthSize: LengthSize, values: readonly Uint8Array[]): this {
    return this.vector(lengthSize, values, (v) => this.hash(v));
  }

  optional<T>(v: T | undefined, write: (v: T) => unknown): this {
    this.u8(v === undefined ? 0 : 1);
    if (v !== undefined) write(v);
    return this;
  }

  optional32(v: number | undefined): this {
    return this.optional(v, (x) => this.u32(x));
  }

  optional64(v: number | undefined): this {
    return this.optional(v, (x) => this.u64(x));
  }

  /** Returns what was written so far, in memory of its own. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }
}

/** The bytes are not what the format says: they end early, or a number in them is impossible. */
export class Damaged extends Error {}

const decoder = new TextDecoder();
/** No path is longer: whoever claims so wants us to search for an end. */
const longestText = 4096;

/** Reads a little-endian section from front to back; throws Damaged at its end, never reads beyond. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  readonly #end: number;

  /** Reads `[at, end)`. */
  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    if (at > end || end > bytes.length) throw new Damaged('a piece ends beyond its section');
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
    this.#end = end;
  }

  get at(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  /** The next `bytes` as a reader of their own. */
  piece(bytes: number): Reader {
    const at = this.#take(bytes);
    return new Reader(this.#bytes, at, at + bytes);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A 64-bit number that counts bytes of this file: one beyond 53 bits cannot be right. */
  length64(): number {
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Damaged('a length is impossible');
    return Number(value);
  }

  /** Unsigned LEB128, modulo 2^64. */
  uleb(): bigint {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = this.u8();
      if (shift < 64n) value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
  }

  /** Unsigned LEB128 as a count or an index: larger ones than 32 bits are no such thing. */
  count(): number {
    const value = this.uleb();
    if (value > 0xffff_ffffn) throw new Damaged('a count is impossible');
    return Number(value);
  }

  /** Signed LEB128, modulo 2^64. */
  sleb(): bigint {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = this.u8();
      if (shift < 64n) value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte >= 0x80) continue;
      const negative = (byte & 0x40) !== 0 && shift < 64n;
      return BigInt.asIntN(64, negative ? value - (1n << shift) : value);
    }
  }

  /** Text up to a zero byte. */
  text(): string {
    const rest = this.#bytes.subarray(this.#at, Math.min(this.#at + longestText, this.#end));
    const length = rest.indexOf(0);
    if (length < 0) throw new Damaged('a text has no end');
    this.#at += length + 1;
    return decoder.decode(rest.subarray(0, length));
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (!(bytes >= 0 && bytes <= this.#end - at)) throw new Damaged('a section ends early');
    this.#at = at + bytes;
    return at;
  }
}

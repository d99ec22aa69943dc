/** A growing run of bytes at an address. */
export class Section {
  readonly bytes: number[] = [];
  /** Largest alignment asked for, in bytes. */
  alignment = 4;

  constructor(
    readonly name: string,
    readonly address: bigint,
  ) {}

  get here(): bigint {
    return this.address + BigInt(this.bytes.length);
  }

  /** Appends `value`, little-endian. */
  put(value: bigint, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.bytes.push(Number((value >> BigInt(8 * i)) & 0xffn));
  }

  fill(count: number, byte = 0): void {
    for (let i = 0; i < count; i++) this.bytes.push(byte & 0xff);
  }
}

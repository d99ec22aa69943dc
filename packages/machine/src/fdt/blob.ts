import { HostError } from '@trapline/core';
import { type FdtNode, node } from './tree.ts';

// Devicetree Specification v0.4, chapter 5 "Flattened Devicetree (DTB) Format" (blob version 17).
const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;
const RESERVATION_BYTES = 16;
const BEGIN_NODE = 1;
const END_NODE = 2;
const PROPERTY = 3;
const NOP = 4;
const END = 9;

const align4 = (bytes: number): number => (bytes + 3) & ~3;

/** Property names, each stored once. */
class Strings {
  readonly #offsets = new Map<string, number>();
  #text = '';

  offsetOf(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.#text.length;
    this.#offsets.set(name, offset);
    this.#text += `${name}\0`;
    return offset;
  }

  bytes(): Uint8Array {
    return new TextEncoder().encode(this.#text);
  }
}

class Structure {
  #bytes = new Uint8Array(1024);
  length = 0;

  word(value: number): void {
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setUint32(this.length, value);
    this.length += 4;
  }

  padded(bytes: Uint8Array): void {
    this.#reserve(align4(bytes.length));
    this.#bytes.set(bytes, this.length);
    this.length += align4(bytes.length);
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

function writeNode(tree: FdtNode, structure: Structure, strings: Strings): void {
  structure.word(BEGIN_NODE);
  structure.padded(new TextEncoder().encode(`${tree.name}\0`));
  for (const [name, value] of Object.entries(tree.properties)) {
    structure.word(PROPERTY);
    structure.word(value.length);
    structure.word(strings.offsetOf(name));
    structure.padded(value);
  }
  for (const each of tree.children) writeNode(each, structure, strings);
  structure.word(END_NODE);
}

/** The flattened form of a tree; `bootHart` goes into the header as boot_cpuid_phys. */
export function writeFdt(root: FdtNode, bootHart = 0): Uint8Array {
  const structure = new Structure();
  const strings = new Strings();
  writeNode(root, structure, strings);
  structure.word(END);
  const names = strings.bytes();
  const structureAt = HEADER_BYTES + RESERVATION_BYTES;
  const stringsAt = structureAt + structure.length;
  const blob = new Uint8Array((stringsAt + names.length + 7) & ~7);
  const header = [
    MAGIC,
    blob.length,
    structureAt,
    stringsAt,
    HEADER_BYTES,
    VERSION,
    LAST_COMPATIBLE_VERSION,
    bootHart,
    names.length,
    structure.length,
  ];
  const view = new DataView(blob.buffer);
  for (const [index, value] of header.entries()) view.setUint32(index * 4, value);
  blob.set(structure.bytes(), structureAt);
  blob.set(names, stringsAt);
  return blob;
}

/** Reads a flattened device tree; `file` names it in errors. Throws HostError `dtb-*` when it is none or damaged. */
export function readFdt(blob: Uint8Array, file: string): FdtNode {
  const damaged = (detail: string): HostError =>
    new HostError('dtb-damaged', `${file} is not a usable device tree: ${detail}`, {
      hint: 'Give a .dtb made by dtc (dtc -I dts -O dtb).',
    });
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  if (blob.length < HEADER_BYTES || view.getUint32(0) !== MAGIC)
    throw damaged('it has no device tree header');
  const [total, structureAt, stringsAt] = [view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  if (total > blob.length) throw damaged(`it should be ${total} bytes long but has ${blob.length}`);
  if (view.getUint32(24) > VERSION || view.getUint32(20) < LAST_COMPATIBLE_VERSION)
    throw damaged(`its version is ${view.getUint32(20)}`);
  try {
    return new Reader(blob.subarray(0, total), structureAt, stringsAt).root();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw damaged(cause.message);
  }
}

/** Walks the structure block; RangeError when it runs out of the blob or out of order. */
class Reader {
  readonly #blob: Uint8Array;
  readonly #view: DataView;
  readonly #strings: number;
  #at: number;

  constructor(blob: Uint8Array, structureAt: number, stringsAt: number) {
    this.#blob = blob;
    this.#view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    this.#at = structureAt;
    this.#strings = stringsAt;
  }

  root(): FdtNode {
    if (this.#token() !== BEGIN_NODE) throw new RangeError('it does not begin with a node');
    return this.#node();
  }

  #node(): FdtNode {
    const name = this.#string(this.#at);
    this.#at += align4(name.length + 1);
    const properties: Record<string, Uint8Array> = {};
    const children: FdtNode[] = [];
    for (;;) {
      const token = this.#token();
      if (token === END_NODE) return node(name, properties, children);
      if (token === BEGIN_NODE) children.push(this.#node());
      else if (token === PROPERTY) this.#property(properties);
      else throw new RangeError(`token ${token} stands where a property or node should`);
    }
  }

  #property(into: Record<string, Uint8Array>): void {
    const bytes = this.#word();
    const name = this.#string(this.#strings + this.#word());
    if (this.#at + bytes > this.#blob.length) throw new RangeError(`property ${name} ends beyond the blob`);
    into[name] = new Uint8Array(this.#blob.subarray(this.#at, this.#at + bytes));
    this.#at += align4(bytes);
  }

  #token(): number {
    let token = this.#word();
    while (token === NOP) token = this.#word();
    return token;
  }

  #word(): number {
    const word = this.#view.getUint32(this.#at);
    this.#at += 4;
    return word;
  }

  #string(at: number): string {
    const end = this.#blob.indexOf(0, at);
    if (end < 0) throw new RangeError('a name does not end');
    return new TextDecoder().decode(this.#blob.subarray(at, end));
  }
}

/** A device tree node as plain data; property values are the bytes that go into the blob. */
export interface FdtNode {
  readonly name: string;
  readonly properties: Readonly<Record<string, Uint8Array>>;
  readonly children: readonly FdtNode[];
}

/** Makes a node; `name` is the full node name with its unit address. */
export const node = (
  name: string,
  properties: Readonly<Record<string, Uint8Array>>,
  children: readonly FdtNode[] = [],
): FdtNode => ({ name, properties, children });

/** A property without a value: true by being there. */
export const empty: Uint8Array = new Uint8Array(0);

/** `<u32>` values: big-endian 32-bit cells. */
export function cells(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value);
  return bytes;
}

/** `<u64>` values: each two big-endian cells, the shape of an address or a size under `#…-cells = <2>`. */
export function wide(...values: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setBigUint64(index * 8, BigInt(value));
  return bytes;
}

/** `<string>` or `<stringlist>`. */
export const text = (...strings: readonly string[]): Uint8Array =>
  new TextEncoder().encode(strings.map((string) => `${string}\0`).join(''));

/** The child of that name, if there is one. */
export const child = (parent: FdtNode, name: string): FdtNode | undefined =>
  parent.children.find((candidate) => candidate.name === name);

/** The tree with `properties` set in the child `name` of the root, which is made when missing. */
export function withProperties(
  root: FdtNode,
  name: string,
  properties: Readonly<Record<string, Uint8Array>>,
): FdtNode {
  const old = child(root, name) ?? node(name, {});
  const changed = { ...old, properties: { ...old.properties, ...properties } };
  const others = root.children.filter((candidate) => candidate !== old);
  return { ...root, children: [...others, changed] };
}

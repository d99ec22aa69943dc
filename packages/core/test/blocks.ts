import { assemble, type Decoded, decode } from '@trapline/isa';
import { type Block, discover, successorsOf } from '../src/translator/discover.ts';
import { analyse, type Flow } from '../src/translator/graph.ts';

/** The blocks of a program that begins at place 0, as a region of all of it has them. */
export function blocksOf(source: string): readonly Block[] {
  const { bytes } = assemble(source, { base: 0 });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = (place: number): Decoded | undefined => {
    if (place < 0 || place + 2 > bytes.length) return undefined;
    const low = view.getUint16(place, true);
    const decoded = decode((low & 3) === 3 ? view.getUint32(place, true) : low);
    return decoded && 'system' in decoded.row.semantics ? undefined : decoded;
  };
  return discover({ at, targets: () => [] }, 0, { instructions: 300, callDepth: 2 })!;
}

/** Which block follows which. */
export const edgesOf = (blocks: readonly Block[]): number[][] => blocks.map(({ end }) => successorsOf(end));

export const flowOf = (blocks: readonly Block[]): Flow => analyse(edgesOf(blocks), 0);

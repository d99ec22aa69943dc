import { type Exclusion, rawField } from './encoding.ts';
import type { Row } from './row.ts';

/** Whether `exclusion` keeps every word that has the fixed bits of `other` out of its row. */
function keepsOut(exclusion: Exclusion, other: Row): boolean {
  const fixed = rawField(exclusion.field, 0xffff_ffff) === rawField(exclusion.field, other.mask);
  return fixed && exclusion.values.includes(rawField(exclusion.field, other.match));
}

function overlap(a: Row, b: Row): boolean {
  if (a.length !== b.length || (a.mask & b.mask & (a.match ^ b.match)) !== 0) return false;
  return !(a.excluded.some((e) => keepsOut(e, b)) || b.excluded.some((e) => keepsOut(e, a)));
}

/** Throws when a word could be two rows, unless one declares itself `within` the other. */
export function checkRows(rows: readonly Row[]): void {
  for (const [i, a] of rows.entries()) {
    for (const b of rows.slice(i + 1)) {
      if (a.within === b.name || b.within === a.name) continue;
      if (a.name === b.name || overlap(a, b)) throw new Error(`rows "${a.name}" and "${b.name}" overlap`);
    }
  }
}

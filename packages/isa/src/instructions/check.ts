import { type Exclusion, rawField } from './encoding.ts';
import type { Row } from './row.ts';

/** Whether `exclusion` keeps every word that has the fixed bits of `other` out of its row. */
function keepsOut(exclusion: Exclusion, other: Row): boolean {
  const fixed = rawField(exclusion.field, 0xffff_ffff) === rawField(exclusion.field, other.mask);
  return fixed && exclusion.values.includes(rawField(exclusion.field, other.match));
}

/** Most pairs differ in a fixed bit, so that is asked first: this runs whenever the package is loaded. */
function overlap(a: Row, b: Row): boolean {
  if ((a.mask & b.mask & (a.match ^ b.match)) !== 0 || a.length !== b.length) return false;
  if (a.within === b.name || b.within === a.name) return false;
  return !(a.excluded.some((e) => keepsOut(e, b)) || b.excluded.some((e) => keepsOut(e, a)));
}

/** Throws when two rows share a name, or a word could be two rows, unless one declares itself `within` the other. */
export function checkRows(rows: readonly Row[]): void {
  if (new Set(rows.map((row) => row.name)).size !== rows.length) throw new Error('two rows have one name');
  for (let i = 0; i < rows.length; i++) {
    const a = rows[i]!;
    for (let j = i + 1; j < rows.length; j++) {
      const b = rows[j]!;
      if (overlap(a, b)) throw new Error(`rows "${a.name}" and "${b.name}" overlap`);
    }
  }
}

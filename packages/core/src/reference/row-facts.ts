import type { Effect, Expr, Instruction, RegisterOperand } from '@trapline/isa';

/** What a row does to floating-point state, derived from its terms. */
export interface FloatUse {
  /** Illegal while mstatus.FS is off: the row touches an f register or computes. */
  readonly uses: boolean;
  /** mstatus.FS becomes dirty: the row writes an f register or may accrue flags. */
  readonly dirties: boolean;
}

const subterms = (term: Expr): readonly Expr[] => {
  switch (term.op) {
    case 'unary':
      return [term.a];
    case 'binary':
      return [term.a, term.b];
    case 'select':
      return [term.when, term.then, term.else];
    case 'float':
      return term.args;
    default:
      return [];
  }
};

const someTerm = (term: Expr, holds: (term: Expr) => boolean): boolean =>
  holds(term) || subterms(term).some((each) => someTerm(each, holds));

const effectTerms = (effect: Effect): readonly Expr[] =>
  effect.kind === 'jump' ? [effect.target, ...(effect.when ? [effect.when] : [])] : [effect.value];

/** Every term of a row, the access's included; a system row has none. */
export const termsOf = ({ semantics }: Instruction): readonly Expr[] => {
  if ('system' in semantics) return [];
  const { access, effects } = semantics;
  const terms = effects.flatMap(effectTerms);
  if (access === undefined) return terms;
  if ('value' in access) terms.push(access.value);
  if (access.kind === 'amo') terms.push(access.next);
  return [...terms, access.address];
};

const registersIn = (term: Expr): readonly Extract<Expr, { op: 'f' }>[] =>
  term.op === 'f' ? [term] : subterms(term).flatMap(registersIn);

const singles = new Map<Instruction, readonly RegisterOperand[]>();

/** The operands of a row that are floating-point registers holding a single. */
export function singleOperands(row: Instruction): readonly RegisterOperand[] {
  const found = singles.get(row) ?? findSingles(row);
  singles.set(row, found);
  return found;
}

function findSingles(row: Instruction): readonly RegisterOperand[] {
  const effects = 'system' in row.semantics ? [] : row.semantics.effects;
  const written = effects.some((effect) => effect.kind === 'f' && effect.format === 's');
  const read = termsOf(row).flatMap(registersIn);
  const names = read.filter(({ format }) => format === 's').map(({ reg }) => reg);
  return [...new Set([...names, ...(written ? (['rd'] as const) : [])])];
}

const known = new Map<Instruction, FloatUse>();

/** How the row uses floating-point state ("Extension Context Status in mstatus Register"). */
export const floatUse = (row: Instruction): FloatUse => {
  const found = known.get(row);
  if (found !== undefined) return found;
  const terms = termsOf(row);
  const writes = !('system' in row.semantics) && row.semantics.effects.some((effect) => effect.kind === 'f');
  const computes = terms.some((term) => someTerm(term, ({ op }) => op === 'float'));
  const reads = terms.some((term) => someTerm(term, ({ op }) => op === 'f'));
  const use = { uses: writes || computes || reads, dirties: writes || computes };
  known.set(row, use);
  return use;
};

import { describe, expect, test } from 'vitest';
import { fliConstants, fliPattern } from '../src/instructions/float-additional.ts';
import { operandNames, type Slot, syntaxOperands } from '../src/instructions/operands.ts';
import { baseRows, compressedTable } from '../src/instructions/table.ts';
import { operandWords, slotOf } from '../src/instructions/template.ts';
import type { Access, Expr, Semantics } from '../src/semantics.ts';

/** Every term of an expression, itself included. */
function terms(expr: Expr): Expr[] {
  switch (expr.op) {
    case 'unary':
      return [expr, ...terms(expr.a)];
    case 'binary':
      return [expr, ...terms(expr.a), ...terms(expr.b)];
    case 'select':
      return [expr, ...terms(expr.when), ...terms(expr.then), ...terms(expr.else)];
    case 'float':
      return [expr, ...expr.args.flatMap(terms)];
    default:
      return [expr];
  }
}

function accessTerms(access: Access | undefined): Expr[] {
  if (!access) return [];
  const value = access.kind === 'amo' ? [access.next] : 'value' in access ? [access.value] : [];
  return [access.address, ...value].flatMap(terms);
}

function allTerms(semantics: Semantics): Expr[] {
  if ('system' in semantics) return [];
  const effects = semantics.effects.flatMap((effect) =>
    effect.kind === 'jump' ? [effect.target, ...(effect.when ? [effect.when] : [])] : [effect.value],
  );
  return [...accessTerms(semantics.access), ...effects.flatMap(terms)];
}

describe.each(baseRows.map((row) => [row.name, row] as const))('%s', (_, row) => {
  const slots = new Set<Slot>(row.fields.map((field) => operandNames[field.name]!.slot));
  const used = allTerms(row.semantics);

  test('means only operands it has', () => {
    for (const term of used) {
      if (term.op === 'x' || term.op === 'f') expect(slots).toContain(term.reg);
      if (term.op === 'imm') expect(slots).toContain('imm');
      if (term.op === 'loaded') expect(row.semantics).toHaveProperty('access');
    }
  });

  test('writes its destination once, and reads every source it names', () => {
    if ('system' in row.semantics || row.name === 'fence') return;
    const { effects, access } = row.semantics;
    const writes = effects.filter((effect) => effect.kind !== 'jump');
    const itself = access?.kind === 'compareAndSwap';
    expect(writes).toHaveLength(slots.has('rd') && !itself ? 1 : 0);
    const sources = new Set(used.flatMap((term) => (term.op === 'x' || term.op === 'f' ? [term.reg] : [])));
    for (const source of ['rs1', 'rs2', 'rs3'] as const) {
      if (!itself) expect([source, sources.has(source)]).toEqual([source, slots.has(source)]);
    }
  });

  test('shows every operand in its syntax', () => {
    const shown = new Set<Slot>(operandWords(row.syntax).flatMap((word) => slotsOfWord(word)));
    const unwritten = ['aq', 'rl', 'fm', ...(row.name.startsWith('fence') ? ['rd', 'rs1', 'imm'] : [])];
    for (const slot of slots) if (!unwritten.includes(slot)) expect(shown).toContain(slot);
    for (const slot of shown) expect(slots).toContain(slot);
  });
});

function slotsOfWord(word: string): Slot[] {
  const operand = syntaxOperands[word];
  return operand ? [slotOf(operand)] : [];
}

test('a compressed row has the meaning of its base row', () => {
  for (const row of compressedTable) {
    expect(row.semantics).toBe(row.base.semantics);
    expect(row.index).toBe(-1);
  }
});

test('fli constants have their bit patterns', () => {
  const patterns = (format: 's' | 'd') => fliConstants.map((_, i) => fliPattern(i, format).toString(16));
  expect(patterns('s').slice(0, 8)).toEqual([
    ...['bf800000', '800000', '37800000', '38000000', '3b800000', '3c000000', '3d800000', '3e000000'],
  ]);
  expect(patterns('s').slice(24)).toEqual([
    ...['41000000', '41800000', '43000000', '43800000', '47000000', '47800000', '7f800000', '7fc00000'],
  ]);
  expect(patterns('d')[1]).toBe('10000000000000');
  expect(patterns('d')[16]).toBe('3ff0000000000000');
  expect(patterns('d')[31]).toBe('7ff8000000000000');
});

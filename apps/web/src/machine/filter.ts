import { csrNumber, decode, type ExitEvent, type ExitKind, type Names } from '@trapline/machine';

/** Which exits somebody wants; an empty part wants all. */
export interface ExitFilter {
  readonly exits: readonly ExitKind[];
  /** Modes of the guest: 0, 1, 3. */
  readonly modes: readonly number[];
  /** Name of a CSR the instruction names or the exit changed. */
  readonly csr: string;
  /** Beginning of the name of the symbol pc is in. */
  readonly symbol: string;
}

export const everything: ExitFilter = { exits: [], modes: [], csr: '', symbol: '' };

export const wantsAll = ({ exits, modes, csr, symbol }: ExitFilter): boolean =>
  exits.length === 0 && modes.length === 0 && csr === '' && symbol === '';

type Test = (event: ExitEvent) => boolean;

/** The filter as a test. A CSR of no such name matches nothing. */
export function compileFilter(filter: ExitFilter, names: Names): Test {
  const tests: Test[] = [];
  if (filter.exits.length > 0) {
    const exits = new Set(filter.exits);
    tests.push(({ exit }) => exits.has(exit));
  }
  if (filter.modes.length > 0) tests.push(({ mode }) => filter.modes.includes(mode));
  if (filter.csr !== '') tests.push(csrTest(filter.csr.trim().toLowerCase()));
  if (filter.symbol !== '') {
    const start = filter.symbol.trim();
    tests.push(({ pc }) => names.nameOf(pc)?.startsWith(start) ?? false);
  }
  return (event) => tests.every((test) => test(event));
}

function csrTest(name: string): Test {
  let number: number;
  try {
    number = csrNumber(name);
  } catch {
    return () => false;
  }
  return ({ word, after }) => namedBy(word) === number || after.csrs.some(({ csr }) => csr === number);
}

function namedBy(word: number | undefined): number | undefined {
  const decoded = word === undefined ? undefined : decode(word);
  const { semantics } = decoded?.row ?? {};
  return semantics && 'system' in semantics && semantics.system === 'csr' ? decoded?.csr : undefined;
}

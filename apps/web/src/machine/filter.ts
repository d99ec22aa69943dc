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
  /** Beginning of a device's name, or of `device register`. */
  readonly device: string;
  /** What the monitor did about it. */
  readonly actions: readonly ExitEvent['action']['kind'][];
}

export const everything: ExitFilter = { exits: [], modes: [], csr: '', symbol: '', device: '', actions: [] };

export const wantsAll = ({ exits, modes, actions, csr, symbol, device }: ExitFilter): boolean =>
  exits.length + modes.length + actions.length === 0 && csr + symbol + device === '';

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
  if (filter.actions.length > 0) tests.push(({ action }) => filter.actions.includes(action.kind));
  if (filter.device !== '') tests.push(deviceTest(filter.device.trim().toLowerCase(), names));
  return (event) => tests.every((test) => test(event));
}

const deviceTest =
  (start: string, names: Names): Test =>
  ({ action }) =>
    action.kind === 'device' &&
    `${action.device} ${names.registerAt?.(action.gpa) ?? ''}`.toLowerCase().startsWith(start);

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

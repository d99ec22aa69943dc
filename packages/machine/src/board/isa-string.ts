/**
 * The extensions of a hart of this machine, in the order an ISA string wants them (RISC-V ISA manual, "ISA Extension
 * Naming Conventions"): single letters, Z by category, then S.
 */
export const hartExtensions = [
  'i',
  'm',
  'a',
  'f',
  'd',
  'c',
  'zicbom',
  'zicboz',
  'zicntr',
  'zicond',
  'zicsr',
  'zifencei',
  'zacas',
  'zba',
  'zbb',
  'zbs',
  'sstc',
  'svade',
  'svinval',
] as const;

/** The value of the older device tree property `riscv,isa`. */
export const isaString = `rv64${hartExtensions.filter((name) => name.length === 1).join('')}_${hartExtensions
  .filter((name) => name.length > 1)
  .join('_')}`;

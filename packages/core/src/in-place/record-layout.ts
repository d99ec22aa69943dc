/** Instructions in place that are noted until TypeScript looks; one more and it exits. */
export const mostRecords = 256;

/**
 * Where the 64-bit words of a record are. What may change is there before and, in the next word or with that name, after: pc, the register
 * rd, mstatus, the CSR the instruction is about (an ecall's is the epc), and what else an ecall overwrites. `instruction` has the modes in
 * its upper half; `spent` are the traps in place that took time before it.
 */
export const RecordWord = {
  retired: 0,
  pc: 1,
  pcAfter: 2,
  instruction: 3,
  spent: 4,
  target: 5,
  targetAfter: 6,
  status: 7,
  statusAfter: 8,
  csr: 9,
  csrAfter: 10,
  cause: 11,
  causeAfter: 12,
  tval: 13,
  tvalAfter: 14,
} as const;
export const recordWords = 15;

/** The upper half of `instruction`, in bytes: mode before, mode after, kind. */
export const RecordByte = { mode: 4, modeAfter: 5, kind: 6 } as const;

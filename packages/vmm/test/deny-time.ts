import { Cause } from '@trapline/isa';
import type { Policy } from '@trapline/vmm';

const time = 0xc01;

export const denyTime = (log: (line: string) => void): Policy => ({
  name: 'deny-time',
  onExit(vcpu, { decoded, pc, trap }) {
    if (decoded?.row.extension !== 'zicsr' || decoded.csr !== time) return undefined;
    log(`hart ${vcpu.id} read time at 0x${pc.toString(16)}`);
    return { kind: 'reflect', trap: { interrupt: false, cause: Cause.illegalInstruction, tval: trap.tval } };
  },
});

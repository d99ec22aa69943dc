import { createCore } from '@trapline/core';
import { type Intercept, type Policy, shadow, VirtualMachine } from '@trapline/vmm';
import { ramBase } from '../board/virt.ts';
import type { GuestParts, GuestRequest } from '../create-machine.ts';
import { guestWorld, readWord, rootOf } from '../inspect/world.ts';

/** The guest deprivileged under the monitor, with a core to itself. */
export function virtualGuest(
  request: GuestRequest,
  monitor: 'shadow' | Policy,
  intercept?: Intercept,
): GuestParts {
  const { ramBytes, harts, clock, firmware, engine } = request;
  const core = createCore({ harts, memoryBytes: ramBytes + VirtualMachine.overheadBytes(harts), ...engine });
  const policy = monitor === 'shadow' ? shadow : monitor;
  const guest = new VirtualMachine({ core, harts, clock, policy, intercept, firmware });
  guest.addRam(ramBase, ramBytes);
  return {
    harts: guest.harts,
    memory: guest.dma,
    addDevice: (address, bytes, device) => guest.bus.addDevice(address, bytes, device),
    stats: () => ({
      exits: guest.exits.counts(),
      shadow: { ...guest.stats() },
      tlbMisses: guest.harts.reduce((sum, { vcpu }) => sum + vcpu.physical.slow.misses, 0),
      engine: { name: core.engine.name, ...core.engine.stats?.() },
    }),
    listenExits: (listener) => guest.exits.listen(listener),
    recordExits: (tape, recorded) => guest.exits.record(tape, recorded),
    stopReason: () => guest.stopReason,
    worlds: (id) => {
      const { vcpu } = guest.harts[id]!;
      return [
        guestWorld(vcpu, (address) => readWord(guest.dma.view(address, 8)), vcpu.physical),
        {
          name: 'hart',
          state: vcpu.physical,
          hart: vcpu.physical,
          // The tree the hart walks as soon as the guest goes on; its satp is set only then.
          root: (satp) => {
            const tree = satp === undefined ? vcpu.tree() : guest.pager.known(satp, vcpu.privilege);
            return tree && rootOf(tree.satp);
          },
          readWord: (address) => readWord(core.ram(address, 8)),
        },
      ];
    },
    codePages: () => core.code.used,
    hostAddress: (address) => guest.hostAddress(address),
  };
}

import type { Firmware, FirmwareHart } from '@trapline/core';
import { Cause, csrByName, peekCsr, type Trap } from '@trapline/isa';
import { fail, ok, type SbiResult } from './error.ts';
import { extensions, legacy, type SbiExtension } from './extensions.ts';
import type { SbiCall, SbiPlatform } from './platform.ts';

const specVersion = 0x0200_0000n;
/** Not registered with RISC-V International: "tr". */
const implementationId = 0x7472n;
const implementationVersion = 1n;
const a0 = 10;

const machineCsr =
  (name: string) =>
  ({ hart }: SbiCall): SbiResult =>
    ok(peekCsr(hart.state, csrByName(name)!.number) ?? 0n);

/**
 * Supervisor Binary Interface 2.0 served by the host instead of an M-mode program: BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN and
 * the legacy console. Works for bare and virtual harts alike.
 */
export class SbiFirmware implements Firmware {
  readonly #platform: SbiPlatform;
  readonly #extensions: ReadonlyMap<bigint, SbiExtension>;
  readonly #suspended = new Set<FirmwareHart>();
  /** Calls served so far by "EXTENSION.function". */
  readonly calls = new Map<string, number>();

  constructor(platform: SbiPlatform) {
    this.#platform = platform;
    this.#extensions = new Map([this.#base(), ...extensions].map((extension) => [extension.id, extension]));
  }

  #base(): SbiExtension {
    return {
      name: 'BASE',
      id: 0x10n,
      functions: [
        { name: 'get_spec_version', call: () => ok(specVersion) },
        { name: 'get_impl_id', call: () => ok(implementationId) },
        { name: 'get_impl_version', call: () => ok(implementationVersion) },
        {
          name: 'probe_extension',
          call: ({ a }) => ok(this.#extensions.has(a[0]) || legacy.has(a[0]) ? 1n : 0n),
        },
        { name: 'get_mvendorid', call: machineCsr('mvendorid') },
        { name: 'get_marchid', call: machineCsr('marchid') },
        { name: 'get_mimpid', call: machineCsr('mimpid') },
      ],
    };
  }

  /** Serves a trap that would go to M-mode; false when it is not an SBI call. */
  handle(hart: FirmwareHart, trap: Trap): boolean {
    if (trap.interrupt || trap.cause !== Cause.ecallFromS) return false;
    const a = [0, 1, 2, 3, 4, 5].map((i) => hart.readX(a0 + i)) as unknown as SbiCall['a'];
    const extension = hart.readX(17);
    const resume = hart.pc + 4n;
    const old = legacy.get(extension);
    this.#suspended.delete(hart);
    const call = { hart, platform: this.#platform, a, suspended: this.#suspended };
    const result =
      old === undefined ? this.#dispatch(extension, hart.readX(16), call) : this.#legacy(old, call);
    if (result.placed) return true;
    hart.pc = resume;
    hart.writeX(a0, BigInt.asUintN(64, result.error));
    if (old === undefined) hart.writeX(a0 + 1, result.value);
    return true;
  }

  #dispatch(id: bigint, function_: bigint, call: SbiCall): SbiResult {
    const extension = this.#extensions.get(id);
    const row = function_ < 64n ? extension?.functions[Number(function_)] : undefined;
    if (extension === undefined || row === undefined) return fail('notSupported');
    this.#count(`${extension.name}.${row.name}`);
    return row.call(call);
  }

  #legacy(serve: (call: SbiCall) => SbiResult, call: SbiCall): SbiResult {
    this.#count('legacy');
    return serve(call);
  }

  #count(name: string): void {
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
  }
}

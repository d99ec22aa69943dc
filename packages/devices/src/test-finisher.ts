import { MappedDevice } from './mapped-device.ts';
import { registerMap } from './register-map.ts';

/** How a guest asked to end; `code` is the guest's own, 0..65535. */
export type Finish =
  | { readonly kind: 'pass' }
  | { readonly kind: 'fail'; readonly code: number }
  | { readonly kind: 'reset' };

export interface TestFinisherOptions {
  /** Called during the guest's store; ask the machine to stop, do not stop it from here. */
  readonly onExit: (finish: Finish) => void;
}

const finishes = new Map<number, (value: number) => Finish>([
  [0x5555, () => ({ kind: 'pass' })],
  [0x3333, (value) => ({ kind: 'fail', code: value >>> 16 })],
  [0x7777, () => ({ kind: 'reset' })],
]);

/** SiFive's test finisher: one register that ends the run. It keeps no state. */
export class TestFinisher extends MappedDevice {
  static readonly map = registerMap<TestFinisher>([
    {
      at: 0,
      name: 'finish',
      bytes: 4,
      widths: [2, 4],
      note: '0x5555 pass, 0x3333 fail with a code in bits 31:16, 0x7777 reset',
      write: (f, value) => f.#finish(value),
    },
  ]);

  readonly name = 'test-finisher';
  readonly registers = TestFinisher.map;
  readonly #onExit: (finish: Finish) => void;

  constructor({ onExit }: TestFinisherOptions) {
    super();
    this.#onExit = onExit;
  }

  #finish(value: number): void {
    const finish = finishes.get(value & 0xffff);
    if (finish !== undefined) this.#onExit(finish(value));
  }
}

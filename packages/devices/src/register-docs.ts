import { Clint } from './clint.ts';
import { GoldfishRtc } from './goldfish-rtc.ts';
import { Plic } from './plic.ts';
import type { RegisterDoc } from './register-map.ts';
import { TestFinisher } from './test-finisher.ts';
import { Uart } from './uart.ts';
import { VirtioMmio } from './virtio/virtio-mmio.ts';

export interface DeviceDoc {
  readonly device: string;
  readonly registers: readonly RegisterDoc[];
}

/** The registers of every device, from the rows they answer from. */
export function registerDocs(): readonly DeviceDoc[] {
  return [
    { device: 'UART 16550A', registers: Uart.map.docs },
    { device: 'CLINT', registers: Clint.map(1).docs },
    { device: 'PLIC', registers: Plic.map(95, 1).docs },
    { device: 'Test finisher', registers: TestFinisher.map.docs },
    { device: 'Goldfish RTC', registers: GoldfishRtc.map.docs },
    { device: 'virtio-mmio', registers: VirtioMmio.map.docs },
  ];
}

/** The same as Markdown: a heading and a table per device. */
export function registerMarkdown(): string {
  return registerDocs()
    .map(({ device, registers }) => `## ${device}\n\n${table(registers)}`)
    .join('\n');
}

function table(registers: readonly RegisterDoc[]): string {
  const rows = registers.map(
    (r) => `| \`${r.offset}\` | ${r.name} | ${r.bytes} | ${r.access} | ${r.note} |\n`,
  );
  return `| offset | register | bytes | access | |\n|---|---|---|---|---|\n${rows.join('')}`;
}

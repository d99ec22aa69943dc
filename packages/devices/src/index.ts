export { ByteInput, type ByteReceiver } from './byte-input.ts';
export { ByteQueue } from './byte-queue.ts';
export { CachedDisk, type CachedDiskOptions } from './cached-disk.ts';
export { Clint, type ClintHart, type ClintOptions, type ClintState } from './clint.ts';
export { GoldfishRtc, type GoldfishRtcOptions, type GoldfishRtcState } from './goldfish-rtc.ts';
export { MappedDevice } from './mapped-device.ts';
export { MemoryDisk } from './memory-disk.ts';
export { OverlayDisk, type OverlayDiskState } from './overlay-disk.ts';
export { Plic, type PlicOptions, type PlicState } from './plic.ts';
export { type DeviceDoc, registerDocs, registerMarkdown } from './register-docs.ts';
export {
  type AccessBytes,
  type DoubleRegister,
  type Register,
  type RegisterDoc,
  type RegisterMap,
  type Repeat,
  registerMap,
  type WindowRegister,
  type WordRegister,
} from './register-map.ts';
export { type Finish, TestFinisher, type TestFinisherOptions } from './test-finisher.ts';
export { Uart, type UartOptions, type UartState } from './uart.ts';
export { DriverError } from './virtio/driver-error.ts';
export { GuestBuffer, type Segment } from './virtio/guest-buffer.ts';
export { type Chain, type QueueLayout, type QueueState, VirtQueue } from './virtio/virt-queue.ts';
export { VirtioBlock, type VirtioBlockOptions } from './virtio/virtio-block.ts';
export {
  VirtioConsole,
  type VirtioConsoleOptions,
  type VirtioConsoleState,
} from './virtio/virtio-console.ts';
export type { VirtioDevice, VirtioTransport } from './virtio/virtio-device.ts';
export { Status, VirtioMmio, type VirtioMmioOptions, type VirtioMmioState } from './virtio/virtio-mmio.ts';
export { VirtioRng, type VirtioRngOptions } from './virtio/virtio-rng.ts';

export { ByteInput, type ByteReceiver } from './byte-input.ts';
export { Clint, type ClintHart, type ClintOptions, type ClintState } from './clint.ts';
export { GoldfishRtc, type GoldfishRtcOptions, type GoldfishRtcState } from './goldfish-rtc.ts';
export { MappedDevice } from './mapped-device.ts';
export { Plic, type PlicOptions, type PlicState } from './plic.ts';
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

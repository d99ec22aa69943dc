/// <reference types="vite/client" />
declare module '*.elf?url' {
  const address: string;
  export default address;
}
declare module '*.img?url' {
  const address: string;
  export default address;
}

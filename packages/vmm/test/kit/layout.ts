/** Where random programs keep things. RAM ends soon after 2 MiB, inside a superpage. */
export const ramBytes = 0x21_0000;
export const ram = 0x8000_0000;
export const codeBase = ram;
export const kitBase = ram + 0x2_0000;
/** Per hart: M-mode's save area, then S-mode's. */
export const saveBase = (hart: number): number => ram + 0x3_8000 + hart * 0x1000;
export const logBase = (hart: number): number => ram + 0x3_0000 + hart * 0x2000;
export const logBytes = 0x1000;

/** Everything from here on may come under a random PMP entry. */
export const exposedBase = ram + 0x4_0000;
export const tablesBase = (hart: number): number => exposedBase + hart * 0x1_0000;
/** Pages of data all harts share; a 64 KiB aligned run, so that Svnapot can map it. */
export const dataBase = ram + 0x8_0000;
export const dataPages = 16;
/** Two pages of code that programs jump to. */
export const executableBase = ram + 0x9_2000;
/** Behind everything: in the second superpage, of which only this much is RAM. */
export const farBase = ram + 0x20_0000;
export const farBytes = ramBytes - 0x20_0000;
export const hole = ram + ramBytes;

/** Tables of one hart, as page numbers within its own region. */
export const Table = {
  rootA: 0,
  rootB: 1,
  identity: 2,
  alias: 3,
  window1: 4,
  window0: 5,
  rootC: 6,
  rootD: 7,
  unused: 8,
} as const;
export const tableAt = (hart: number, table: keyof typeof Table): number =>
  tablesBase(hart) + Table[table] * 0x1000;

/** Where the window begins, and the address of one of its pages, so many bytes on. */
export const windowBase = 0x1000_0000;
export const windowAt = (page: number, offset = 0): string =>
  `0x${(windowBase + 0x1000 * page + offset).toString(16)}`;

/** The same window, at the addresses it can be reached: table 1 entries 128 and 130, and through the top root entry. */
export const windowBases: readonly bigint[] = [BigInt(windowBase), 0x1040_0000n, 0xffff_ffff_9000_0000n];
/** Window pages by use: anything, code, and the window's own tables (for S-mode only). */
export const windowPages = 22;
export const codeWindow = 22;
export const tableWindow = 24;
export const superWindow = 0x1020_0000n;

/** Distance from the code's own addresses down to where U-mode sees it. */
export const aliasDistance = 0x4000_0000;
/** Devices as S-mode and as U-mode sees them: a gigapage of physical 0 each. */
export const deviceWindow = { 3: 0n, 1: 0xc000_0000n, 0: 0x1_0000_0000n } as const;

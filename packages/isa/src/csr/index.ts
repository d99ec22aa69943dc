export { isPlainCsr, modifyBase, peekCsr, readCsr, writeCsr } from './access.ts';
export { type CsrDescription, decodeCsr, describeCsrs } from './describe.ts';
export { type Csr, type CsrRow, type Field, legalize, maskOf, type Rule, type View } from './fields.ts';
export { csrFile, newCsrFile, resetCsrs } from './file.ts';
export { isReadOnly, lowestPrivilege } from './permission.ts';
export {
  csrByName,
  csrByNumber,
  csrNumber,
  csrSlots,
  csrTable,
  Envcfg,
  Mip,
  Mstatus,
  pmpEntries,
  Slot,
  slotOf,
} from './table.ts';

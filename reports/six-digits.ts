/** Six significant digits: more than any figure here carries, and the same text on every machine. */
export const sixDigits = <T>(cell: T): T | number =>
  typeof cell === 'number' && !Number.isInteger(cell) ? Number(cell.toPrecision(6)) : cell;

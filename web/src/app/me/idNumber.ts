/** GB 11643-1999: seventeen digits and a check character, weights 7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2, modulo 11. */
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const
const CHECK = '10X98765432'

/** A first look before asking the server; the server decides. */
export function idNumberHolds(text: string): boolean {
  const id = text.trim().toUpperCase()
  if (!/^\d{17}[\dX]$/.test(id)) return false
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(id[i]), 0)
  return CHECK[sum % 11] === id[17]
}

/** Unified social credit code, GB 32100-2015: 18 characters, the last one a check modulo 31. */
const DIGITS = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]

export function creditCodeFine(code: string): boolean {
  if (code.length !== 18 || [...code].some((letter) => !DIGITS.includes(letter))) return false
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * DIGITS.indexOf(code.charAt(i)), 0)
  return DIGITS.charAt((31 - (sum % 31)) % 31) === code.charAt(17)
}

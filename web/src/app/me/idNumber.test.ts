import { expect, it } from 'vitest'
import { idNumberHolds } from './idNumber'

it('accepts the example of the standard and its lower-case check character', () => {
  expect(idNumberHolds('11010519491231002X')).toBe(true)
  expect(idNumberHolds('11010519491231002x')).toBe(true)
  expect(idNumberHolds('440524188001010014')).toBe(true)
})

it('refuses a wrong digit, a wrong length and letters', () => {
  for (const wrong of ['110105194912310021', '1101051949123100', 'A1010519491231002X', '']) expect(idNumberHolds(wrong)).toBe(false)
})

import { describe, expect, it } from 'vitest'
import { parsePercentBps, parseYuan, percentInput, YUAN_INPUT_FEN_MAX, yuanInput } from './money'

const fenOf = (text: string): number | string => {
  const parsed = parseYuan(text)
  return parsed.ok ? parsed.fen : parsed.problem
}

/** A small repeatable generator: the same cases on every machine. */
function* numbers(count: number, below: number): Generator<number> {
  let state = 20261123
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield Math.floor((state / 2 ** 32) * below)
  }
}

describe('yuan typed by people', () => {
  it('comes back to the same fen, for every amount', () => {
    for (const fen of [...numbers(5_000, YUAN_INPUT_FEN_MAX), ...numbers(2_000, 1_000), 0, 1, 9, 10, 99, 100, YUAN_INPUT_FEN_MAX]) {
      expect(fenOf(yuanInput(fen)), String(fen)).toBe(fen)
    }
  })

  it('does not lose a fen where floats do', () => {
    // 0.29 * 100, 1.15 * 100, 4.35 * 100 and 1001.1 * 100 are not whole numbers in floating point.
    expect(['0.29', '1.15', '4.35', '1001.1', '8.41', '64.1', '9999999.99'].map(fenOf)).toEqual([29, 115, 435, 100110, 841, 6410, 999999999])
  })

  it('reads what is pasted: signs, full-width digits, grouping, blanks', () => {
    expect(['¥29.9', '￥1,299.00', '２９．９０', '29 元', ' 29。9 ', '.5', '5.', '007', '1,234,567.8', '29.900'].map(fenOf)).toEqual([
      2990, 129900, 2990, 2900, 2990, 50, 500, 700, 123456780, 2990,
    ])
  })

  it('refuses what is no amount, and says why', () => {
    expect(['', '  ', '¥'].map(fenOf)).toEqual(['empty', 'empty', 'empty'])
    expect(['abc', '-1', '1e3', '1,23', '1.2.3', '.', 'NaN', '0x10', '12 块'].map(fenOf)).toEqual(Array(9).fill('not_a_number'))
    expect(['1.005', '0.001'].map(fenOf)).toEqual(['too_many_decimals', 'too_many_decimals'])
    expect(['100000000', '99999999999999999999'].map(fenOf)).toEqual(['too_large', 'too_large'])
  })

  it('grows with what is typed: a longer whole part is never a smaller amount', () => {
    for (const yuan of numbers(500, 90_000_000)) expect(fenOf(`${yuan}.01`)).toBe(yuan * 100 + 1)
  })

  it('refuses to write fractions of a fen', () => {
    expect(() => yuanInput(1.5)).toThrow(RangeError)
    expect(yuanInput(-5)).toBe('-0.05')
  })
})

describe('shares typed as per cent', () => {
  it('come back to the same basis points', () => {
    for (let bps = 0; bps <= 10_000; bps++) expect(parsePercentBps(percentInput(bps))).toBe(bps)
  })

  it('stay inside the limit', () => {
    expect(parsePercentBps('12.5%')).toBe(1250)
    expect(parsePercentBps('80.01', 8_000)).toBeNull()
    expect(parsePercentBps('100.01')).toBeNull()
    expect(parsePercentBps('a lot')).toBeNull()
    expect(parsePercentBps('12.345')).toBeNull()
  })
})

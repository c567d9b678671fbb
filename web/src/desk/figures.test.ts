import { describe, expect, it } from 'vitest'
import { bpsText, clockText, countText, dateTime, fenBig, fenText, NOTHING, rateText, shareOf, stayText } from './figures'

describe('money on the board', () => {
  it('always shows two decimals and groups thousands', () => {
    expect([0, 1, 99, 100, 2990, 123456789, -129900].map((fen) => fenText(fen))).toEqual(['¥0.00', '¥0.01', '¥0.99', '¥1.00', '¥29.90', '¥1,234,567.89', '−¥1,299.00'])
  })

  it('is cut, never rounded up, where it is big', () => {
    expect(fenBig(9_999_999, 'zh')).toBe('¥99,999.99')
    expect(fenBig(10_000_000, 'zh')).toBe('¥10.00万')
    expect(fenBig(12_345_678, 'zh')).toBe('¥12.34万')
    expect(fenBig(1_234_567_899_900, 'zh')).toBe('¥123.45亿')
    expect(fenBig(12_345_678, 'en')).toBe('¥123.4K')
    expect(fenBig(123_456_789, 'en')).toBe('¥1.23M')
    expect(fenBig(-12_345_678, 'zh')).toBe('−¥12.34万')
  })
})

describe('counts, rates and times', () => {
  it('cut counts at 100,000', () => {
    expect(countText(99_999, 'zh')).toBe('99,999')
    expect(countText(199_999, 'zh')).toBe('19.9万')
    expect(countText(199_999, 'en')).toBe('199.9K')
    expect(countText(0, 'en')).toBe('0')
  })

  it('show a dash instead of NaN, Infinity and missing figures', () => {
    for (const bad of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect([fenText(bad), fenBig(bad, 'zh'), countText(bad, 'zh'), rateText(bad), stayText(bad, 'zh')]).toEqual(Array(5).fill(NOTHING))
    }
    expect(shareOf(3, 0)).toBeNull()
    expect(rateText(shareOf(1, 8))).toBe('12.5%')
    expect(dateTime(null)).toBe(NOTHING)
    expect(dateTime('not a time')).toBe(NOTHING)
  })

  it('write clocks and shares', () => {
    expect([0, 65, 3661, -5, 86_399].map(clockText)).toEqual(['00:00', '01:05', '1:01:01', '00:00', '23:59:59'])
    expect([1250, 1000, 0, 805].map((bps) => bpsText(bps))).toEqual(['12.5%', '10%', '0%', '8.05%'])
    expect(stayText(83.4, 'zh')).toBe('1分23秒')
    expect(stayText(47, 'en')).toBe('47s')
  })
})

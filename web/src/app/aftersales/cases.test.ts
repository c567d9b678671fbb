import { describe, expect, it } from 'vitest'
import { fenOf, leftUntil } from './cases'

describe('after-sales figures', () => {
  it('reads yuan without a float', () => {
    expect(['12', '12.5', '12.05', '0.01', ' 7 '].map(fenOf)).toEqual([1200, 1250, 1205, 1, 700])
    expect(['', '1.234', '-1', 'x', '1,5', '12.'].map(fenOf)).toEqual([null, null, null, null, null, null])
  })
  it('counts what is left down to nothing', () => {
    const now = Date.UTC(2026, 10, 23, 8)
    expect(leftUntil('2026-11-25T10:30:00Z', now)).toEqual({ days: 2, hours: 2, minutes: 30, over: false })
    expect(leftUntil('2026-11-23T07:00:00Z', now)).toEqual({ days: 0, hours: 0, minutes: 0, over: true })
  })
})

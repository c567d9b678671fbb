import { describe, expect, it } from 'vitest'
import { emptyPrice, faultOf, placeOf, priceBody, type PriceLine } from './priceForm'

const line: PriceLine = { sku_id: 's', name: '10 包', list_fen: 5_990, struck_max_fen: 5_500, price_fen: 4_990, struck_fen: null, pieces: undefined }

describe('a price for a period', () => {
  it('begins at the next full hour, for two hours', () => {
    const form = emptyPrice(new Date('2026-11-11T10:20:00Z'))
    expect(form.period.map((one) => one.toISOString())).toEqual(['2026-11-11T11:00:00.000Z', '2026-11-11T13:00:00.000Z'])
  })

  it('says what the server would refuse', () => {
    expect(faultOf(line)).toBeNull()
    expect(faultOf({ ...line, price_fen: 5_990 })).toBe('not_below_list')
    expect(faultOf({ ...line, struck_fen: 4_990 })).toBe('struck_not_above')
    expect(faultOf({ ...line, struck_fen: 5_501 })).toBe('struck_too_high')
    expect(faultOf({ ...line, struck_fen: 5_500 })).toBeNull()
    expect(faultOf({ ...line, struck_fen: 5_500, struck_max_fen: null })).toBe('struck_never_sold')
    expect(faultOf({ ...line, price_fen: null, struck_fen: 9_999 })).toBeNull()
  })

  it('sends only what has a price, and nothing that is wrong', () => {
    const form = { ...emptyPrice(new Date('2026-11-11T10:20:00Z')), title: ' 限时抢 ', lines: [line, { ...line, sku_id: 't', price_fen: null }] }
    expect(priceBody(form)).toMatchObject({ title: '限时抢', room_id: null, per_buyer_max: null, lines: [{ sku_id: 's', price_fen: 4_990, struck_fen: null, pieces: null }] })
    expect(priceBody({ ...form, title: ' ' })).toBeNull()
    expect(priceBody({ ...form, lines: [] })).toBeNull()
    expect(priceBody({ ...form, period: [form.period[1], form.period[0]] })).toBeNull()
    expect(priceBody({ ...form, lines: [{ ...line, price_fen: 6_000 }] })).toBeNull()
  })

  it('finds its place in a stretch of days', () => {
    const from = Date.parse('2026-11-11T00:00:00Z')
    const until = Date.parse('2026-11-21T00:00:00Z')
    const window = { starts_at: '2026-11-12T00:00:00Z', ends_at: '2026-11-13T00:00:00Z', stopped_at: null }
    expect(placeOf(window, from, until)).toEqual({ left: 10, width: 10 })
    expect(placeOf({ ...window, stopped_at: '2026-11-12T12:00:00Z' }, from, until).width).toBeCloseTo(5)
    expect(placeOf({ ...window, starts_at: '2026-11-01T00:00:00Z', ends_at: '2026-12-01T00:00:00Z' }, from, until)).toEqual({ left: 0, width: 100 })
  })
})

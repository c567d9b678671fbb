import { describe, expect, it } from 'vitest'
import { couponBody, emptyCoupon } from './couponForm'

const NOW = new Date('2026-11-23T08:00:00Z')

describe('the coupon form', () => {
  it('is not ready while something every coupon needs is missing', () => {
    expect(couponBody(emptyCoupon(NOW))).toBeNull()
    expect(couponBody({ ...emptyCoupon(NOW), title: '满减', off_fen: 1_000, scope: 'products' })).toBeNull()
    expect(couponBody({ ...emptyCoupon(NOW), title: '满减', off_fen: 1_000, use_kind: 'window' })).toBeNull()
  })

  it('sends an amount or a percentage, never both, and one way of using it', () => {
    const off = couponBody({ ...emptyCoupon(NOW), title: ' 满减 ', off_fen: 1_000, percent: 15, cap_fen: 500 })
    expect(off).toMatchObject({ title: '满减', off_fen: 1_000, percent_bps: 0, cap_fen: null, use_days: 7, use_until: null, claim_from: '2026-11-23T08:00:00.000Z' })
    const percent = couponBody({ ...emptyCoupon(NOW), title: '折', benefit: 'percent', percent: 12.5, off_fen: 1_000, cap_fen: 500, each_full: true, use_kind: 'window', use: [NOW, NOW] })
    expect(percent).toMatchObject({ off_fen: 0, percent_bps: 1_250, cap_fen: 500, each_full: false, use_days: null, use_until: '2026-11-23T08:00:00.000Z' })
  })
})

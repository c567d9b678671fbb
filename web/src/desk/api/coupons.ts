import { http } from './http'
import type { CouponIn, GivenCoupon, Listed } from './wire'

/** A shop's coupons, or the platform's where there is no shop. */
const given = (shopId?: string): string => (shopId ? `/api/shops/${shopId}/coupons` : '/api/operator/coupons')

export const coupons = {
  list: (shopId: string | undefined, cursor?: string) => http.get<Listed<GivenCoupon>>(given(shopId), { cursor, limit: 30 }),
  issue: (shopId: string | undefined, body: CouponIn, key: string) => http.create<GivenCoupon>(given(shopId), body, key),
  extend: (shopId: string | undefined, id: string, body: { pieces_max?: number; budget_fen?: number; stop?: boolean }) =>
    http.patch<GivenCoupon>(`${given(shopId)}/${id}`, body),
}

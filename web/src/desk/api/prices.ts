import { http } from './http'
import type { Listed, PriceRecord, PriceRoom, PriceWindow, PriceWindowsIn, WindowState } from './wire'

const shop = (shopId: string): string => `/api/shops/${shopId}`

export const prices = {
  list: (shopId: string, state: WindowState | undefined, cursor?: string) =>
    http.get<Listed<PriceWindow>>(`${shop(shopId)}/price-windows`, { ...(state ? { state } : {}), cursor, limit: 30 }),
  calendar: (shopId: string, since: string, until: string) =>
    http.get<Listed<PriceWindow>>(`${shop(shopId)}/price-calendar`, { since, until }),
  rooms: (shopId: string) => http.get<Listed<PriceRoom>>(`${shop(shopId)}/price-rooms`),
  set: (shopId: string, body: PriceWindowsIn, key: string) => http.create<Listed<PriceWindow>>(`${shop(shopId)}/price-windows`, body, key),
  stop: (shopId: string, id: string) => http.post<PriceWindow>(`${shop(shopId)}/price-windows/${id}/stop`),
  /** Of a shop's own product, or of any product where the platform asks. */
  record: (shopId: string | undefined, productId: string) =>
    http.get<PriceRecord>(shopId ? `${shop(shopId)}/products/${productId}/prices` : `/api/operator/products/${productId}/prices`),
}

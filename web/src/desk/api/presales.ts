import { http } from './http'
import type { Listed, OfferedPresale, PresaleIn } from './wire'

const of = (shopId: string): string => `/api/shops/${shopId}/presales`

export const presales = {
  list: (shopId: string, cursor?: string) => http.get<Listed<OfferedPresale>>(of(shopId), { cursor, limit: 30 }),
  offer: (shopId: string, body: PresaleIn, key: string) => http.create<OfferedPresale>(of(shopId), body, key),
  stop: (shopId: string, id: string) => http.post<OfferedPresale>(`${of(shopId)}/${id}/stop`),
  fail: (shopId: string, id: string, reason: string) => http.post<OfferedPresale>(`${of(shopId)}/${id}/fail`, { reason }),
}

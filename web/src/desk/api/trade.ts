import { http } from './http'
import type { Carrier, Earnings, Listed, Order, ParkedEvent, PaymentNotice, ShopMoney, Todo } from './wire'

const shop = (shopId: string): string => `/api/shops/${shopId}`

export const trade = {
  todo: (shopId: string) => http.get<Todo>(`${shop(shopId)}/todo`),
  orders: (shopId: string, query: { state?: string; q?: string; flag?: string; partly?: boolean; cursor?: string; limit?: number }) =>
    http.get<Listed<Order>>(`${shop(shopId)}/orders`, query),
  order: (shopId: string, id: string) => http.get<Order>(`${shop(shopId)}/orders/${id}`),
  carriers: () => http.get<Listed<Carrier>>('/api/carriers'),
  money: (shopId: string) => http.get<ShopMoney>(`${shop(shopId)}/money`),
  earnings: (cursor?: string) => http.get<Earnings>('/api/creators/me/earnings', { cursor }),
  findOrders: (q: string, cursor?: string) => http.get<Listed<Order>>('/api/operator/orders', { q, cursor }),
  paymentNotices: (outcome: string, cursor?: string) =>
    http.get<Listed<PaymentNotice>>('/api/operator/payment-notices', { outcome: outcome || undefined, cursor }),
  parked: (cursor?: string) => http.get<Listed<ParkedEvent>>('/api/operator/parked-events', { cursor }),
  replayParked: (id: string) => http.post<unknown>(`/api/operator/parked-events/${id}/replay`),
  dropParked: (id: string, reason: string) => http.remove(`/api/operator/parked-events/${id}`, { reason }),
}

import { api } from '@/api/client'
import { http, newKey } from './http'
import type { Invoice, InvoiceCounts, Listed, Order, ParcelCounts, ShopParcel, TracedParcel } from './wire'

const shop = (shopId: string): string => `/api/shops/${shopId}`
export interface ParcelBody { carrier: string; tracking_number: string; lines?: { line_id: string; quantity: number }[] }

export const parcels = {
  ship: (shopId: string, id: string, body: ParcelBody, key: string) => http.create<Order>(`${shop(shopId)}/orders/${id}/parcels`, body, key),
  traces: (shopId: string, id: string) => http.get<{ items: TracedParcel[] }>(`${shop(shopId)}/orders/${id}/parcels`),
  correct: (shopId: string, id: string, parcelId: string, body: ParcelBody) => http.post<Order>(`${shop(shopId)}/orders/${id}/parcels/${parcelId}/correct`, body),
  list: (shopId: string, query: { state?: string; quiet_hours?: string; q?: string; cursor?: string }) => http.get<Listed<ShopParcel>>(`${shop(shopId)}/parcels`, query),
  counts: (shopId: string) => http.get<ParcelCounts>(`${shop(shopId)}/parcels/counts`),
  flag: (shopId: string, id: string, flag: Order['flag']) => http.put<Order>(`${shop(shopId)}/orders/${id}/flag`, { flag }),
  note: (shopId: string, id: string, text: string, key: string) => http.create<Order>(`${shop(shopId)}/orders/${id}/notes`, { text }, key),
}

export const invoices = {
  list: (shopId: string, query: { state?: string[]; only?: string; q?: string; cursor?: string }) => http.get<Listed<Invoice>>(`${shop(shopId)}/invoices`, query),
  counts: (shopId: string) => http.get<InvoiceCounts>(`${shop(shopId)}/invoices/counts`),
  take: (shopId: string, id: string) => http.post<Invoice>(`${shop(shopId)}/invoices/${id}/take`),
  refuse: (shopId: string, id: string, why: string) => http.post<Invoice>(`${shop(shopId)}/invoices/${id}/refuse`, { why }),
  reverse: (shopId: string, id: string, red_number: string) => http.post<Invoice>(`${shop(shopId)}/invoices/${id}/reverse`, { red_number }),
  issue: (shopId: string, id: string, number: string, file: File) => {
    const form = new FormData()
    form.append('number', number)
    form.append('file', file)
    return api.post<Invoice>(`${shop(shopId)}/invoices/${id}/issue`, form, { key: newKey() })
  },
  document: (shopId: string, id: string) => `${shop(shopId)}/invoices/${id}/document`,
}

/** After-sales as the pages use it: shapes from the server, the calls, and the time that is left. */
import { api, path } from '@/api/client'
import type { components } from '@/api/schema'
import type { Page } from '@/api/types'

type Schemas = components['schemas']
export type Case = Schemas['CaseWire']
export type CaseFull = Schemas['CasePage']
export type Options = Schemas['Options']
export type Kind = Schemas['CaseKind']
export type Estimate = Schemas['EstimateWire']
export type Carrier = Schemas['CarrierWire']
export interface Wish {
  order_id: string
  kind: Kind
  reason: string
  lines: { line_id: string; quantity: number; exchange_sku_id?: string }[]
  fen?: number
}

const one = (id: string): string => path`/api/aftersales/${id}`

export const cases = {
  options: (orderId: string): Promise<Options> => api.get<Options>('/api/aftersales/options', { query: { order_id: orderId } }),
  estimate: (wish: Wish): Promise<Estimate> => api.post<Estimate>('/api/aftersales/estimate', wish),
  open: (wish: Wish & { said: string; picture_ids: string[] }, key: string): Promise<CaseFull> => api.post<CaseFull>('/api/aftersales', wish, { key }),
  list: (open: boolean, cursor: string | null): Promise<Page<Case>> => api.get<Page<Case>>('/api/aftersales', { query: { open: open || undefined, cursor, limit: 20 } }),
  one: (id: string): Promise<CaseFull> => api.get<CaseFull>(one(id)),
  act: (id: string, what: string, body: unknown, key: string): Promise<CaseFull> => api.post<CaseFull>(`${one(id)}/${what}`, body, { key }),
  carriers: (): Promise<{ items: Carrier[] }> => api.get<{ items: Carrier[] }>('/api/carriers'),
}

export async function uploadPicture(file: File): Promise<{ id: string; thumbnail_url: string }> {
  const form = new FormData()
  form.append('file', file)
  return api.post<{ id: string; thumbnail_url: string }>('/api/pictures', form)
}

export interface Left { days: number; hours: number; minutes: number; over: boolean }

/** What is left until `at`; times in milliseconds since the epoch. */
export function leftUntil(at: string, nowMs: number): Left {
  const minutes = Math.max(0, Math.floor((new Date(at).getTime() - nowMs) / 60_000))
  return { days: Math.floor(minutes / 1440), hours: Math.floor((minutes % 1440) / 60), minutes: minutes % 60, over: new Date(at).getTime() <= nowMs }
}

/** "12.5" → 1250; null for anything that is no amount of money. No float computes here. */
export function fenOf(text: string): number | null {
  const match = /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(text.trim())
  return match ? Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')) : null
}

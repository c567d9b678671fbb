import { http } from './http'
import type { components } from '@/api/schema'
import type { Listed } from './wire'

type Schemas = components['schemas']
export type Token = Schemas['TokenWire']
export type TokenIn = Schemas['TokenBody']
export type TokenScope = Schemas['ScopeWire']
export type TokenWrite = Schemas['TokenWriteWire']
export type Endpoint = Schemas['EndpointWire']
export type EndpointIn = Schemas['EndpointBody']
export type EndpointPatch = Schemas['EndpointPatch']
export type EventType = Schemas['EventTypeWire']
export type Delivery = Schemas['DeliveryWire']
export type DeliveryFull = Schemas['DeliveryFull']
export type Secrets = Schemas['SecretsWire']
export type Export = Schemas['ExportWire']
export type ExportIn = Schemas['ExportBody']
export type ShipReport = Schemas['ShipReportWire']
export type StaffMember = Schemas['ShopStaffWire']
export type FailedJob = Schemas['FailedJob']

const shop = (shopId: string): string => `/api/shops/${shopId}`
/** Endpoints of a shop, or of the platform where `shopId` is null. */
const hooks = (shopId: string | null): string => (shopId === null ? '/api/operator/webhooks' : `${shop(shopId)}/webhooks`)

export const open = {
  scopes: () => http.get<{ items: TokenScope[] }>('/api/me/token-scopes'),
  tokens: (cursor?: string) => http.get<Listed<Token>>('/api/me/tokens', { cursor }),
  createToken: (body: TokenIn, key: string) => http.create<Schemas['TokenCreated']>('/api/me/tokens', body, key),
  revokeToken: (id: string) => http.remove(`/api/me/tokens/${id}`),
  tokenWrites: (id: string, cursor?: string) => http.get<Listed<TokenWrite>>(`/api/me/tokens/${id}/writes`, { cursor }),

  eventTypes: () => http.get<{ items: EventType[] }>('/api/webhook-event-types'),
  endpoints: (shopId: string | null) => http.get<{ items: Endpoint[] }>(hooks(shopId)),
  createEndpoint: (shopId: string | null, body: EndpointIn, key: string) => http.create<Schemas['EndpointCreated']>(hooks(shopId), body, key),
  changeEndpoint: (shopId: string | null, id: string, body: EndpointPatch) => http.patch<Endpoint>(`${hooks(shopId)}/${id}`, body),
  removeEndpoint: (shopId: string | null, id: string) => http.remove(`${hooks(shopId)}/${id}`),
  secrets: (shopId: string | null, id: string) => http.get<Secrets>(`${hooks(shopId)}/${id}/secret`),
  rotate: (shopId: string | null, id: string) => http.post<Secrets>(`${hooks(shopId)}/${id}/rotate`),
  test: (shopId: string | null, id: string) => http.post<DeliveryFull>(`${hooks(shopId)}/${id}/test`),
  replayFailed: (shopId: string | null, id: string, since: string) => http.post<{ count: number }>(`${hooks(shopId)}/${id}/replay`, { since }),
  deliveries: (shopId: string | null, id: string, query: { state?: string; type?: string; cursor?: string }) =>
    http.get<Listed<Delivery>>(`${hooks(shopId)}/${id}/deliveries`, query),
  delivery: (shopId: string | null, id: string, deliveryId: string) => http.get<DeliveryFull>(`${hooks(shopId)}/${id}/deliveries/${deliveryId}`),
  replay: (shopId: string | null, id: string, deliveryId: string) => http.post<DeliveryFull>(`${hooks(shopId)}/${id}/deliveries/${deliveryId}/replay`),

  exports: (shopId: string, cursor?: string) => http.get<Listed<Export>>(`${shop(shopId)}/exports`, { cursor }),
  createExport: (shopId: string, body: ExportIn, key: string) => http.create<Export>(`${shop(shopId)}/exports`, body, key),
  exportUrl: (shopId: string, id: string): string => `${shop(shopId)}/exports/${id}/file`,
  shipFile: (shopId: string, file: File, key: string, onProgress: (share: number) => void) =>
    http.upload<ShipReport>(`${shop(shopId)}/orders/shipments/import`, file, { key, onProgress }),
  shipTemplateUrl: (shopId: string): string => `${shop(shopId)}/orders/shipments/import/template`,

  staff: (shopId: string) => http.get<{ items: StaffMember[] }>(`${shop(shopId)}/staff`),
  addStaff: (shopId: string, body: Schemas['ShopStaffBody'], key: string) => http.create<{ items: StaffMember[] }>(`${shop(shopId)}/staff`, body, key),
  removeStaff: (shopId: string, personId: string) => http.remove(`${shop(shopId)}/staff/${personId}`),

  failedJobs: (cursor?: string) => http.get<Listed<FailedJob>>('/api/operator/failed-jobs', { cursor }),
  retryJob: (id: string) => http.post<unknown>(`/api/operator/failed-jobs/${id}/retry`),
  closeJob: (id: string) => http.remove(`/api/operator/failed-jobs/${id}`),
}

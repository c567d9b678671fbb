/** Plans, the selection square, samples, showcases and agencies. Shapes come from the server's OpenAPI. */
import type { components } from '@/api/schema'
import { http } from './http'
import type { Listed } from './wire'

type Schemas = components['schemas']
export type Plan = Schemas['PlanWire']
export type PlanFigures = Schemas['PlanFiguresWire']
export type PlanFull = Schemas['PlanFull']
export type PlanProduct = Schemas['PlanProductWire']
export type PlanKind = Plan['kind']
export type Party = Schemas['PartyWire']
export type Invitation = Schemas['InvitationWire']
export type EarningCard = Schemas['EarningCard']
export type SelectionDetail = Schemas['SelectionDetail']
export type MyShowcase = Schemas['MyShowcase']
export type SampleOffer = Schemas['SampleOfferWire']
export type Sample = Schemas['SampleWire']
export type SampleState = Sample['state']
export type Agency = Schemas['AgencyWire']
export type Agreement = Schemas['AgreementWire']
export type AgencyStaff = Schemas['StaffWire']
export type Address = Schemas['Address']

export interface Square {
  q?: string
  category?: string
  bps_min?: string
  price_fen_min?: string
  price_fen_max?: string
  sample?: string
  exclusive?: string
  invited?: string
  sort?: string
}

const shop = (id: string): string => `/api/shops/${id}`
const me = '/api/creators/me'
const agency = (id: string): string => `/api/agencies/${id}`

export const affiliate = {
  plans: (shopId: string, cursor?: string) => http.get<Listed<Plan>>(`${shop(shopId)}/plans`, { cursor }),
  addPlan: (shopId: string, body: { kind: PlanKind; name: string }, key: string) => http.create<PlanFull>(`${shop(shopId)}/plans`, body, key),
  planFigures: (shopId: string, planId: string, days: string) => http.get<PlanFigures>(`${shop(shopId)}/plans/${planId}/figures`, { days }),
  plan: (shopId: string, planId: string) => http.get<PlanFull>(`${shop(shopId)}/plans/${planId}`),
  setRate: (shopId: string, planId: string, body: { product_ids: string[]; bps: number | null; start?: string | null; end?: string | null }) =>
    http.post<PlanFull>(`${shop(shopId)}/plans/${planId}/rates`, body),
  stopPlan: (shopId: string, planId: string) => http.post<PlanFull>(`${shop(shopId)}/plans/${planId}/stop`),
  invite: (shopId: string, planId: string, body: { phone?: string; creator_id?: string; agency_name?: string }) =>
    http.post<PlanFull>(`${shop(shopId)}/plans/${planId}/invitations`, body),
  uninvite: (shopId: string, planId: string, partyId: string) => http.remove(`${shop(shopId)}/plans/${planId}/invitations/${partyId}`),

  sampleOffers: (shopId: string) => http.get<{ items: SampleOffer[] }>(`${shop(shopId)}/sample-offers`),
  offerSample: (shopId: string, productId: string, body: { sku_id: string; monthly_max: number; return_days: number | null; note: string }) =>
    http.put<{ items: SampleOffer[] }>(`${shop(shopId)}/sample-offers/${productId}`, body),
  stopSample: (shopId: string, productId: string) => http.remove(`${shop(shopId)}/sample-offers/${productId}`),
  shopSamples: (shopId: string, state: string, cursor?: string) => http.get<Listed<Sample>>(`${shop(shopId)}/samples`, { state, cursor }),
  shopStep: (shopId: string, id: string, body: Record<string, string>) => http.post<Sample>(`${shop(shopId)}/samples/${id}/steps`, body),

  square: (wish: Square, cursor?: string) => http.get<Listed<EarningCard>>(`${me}/selection`, { ...wish, cursor }),
  detail: (productId: string) => http.get<SelectionDetail>(`${me}/selection/${productId}`),
  showcase: () => http.get<MyShowcase>(`${me}/showcase`),
  show: (ids: string[]) => http.post<MyShowcase>(`${me}/showcase`, { product_ids: ids }),
  unshow: (id: string) => http.remove(`${me}/showcase/${id}`),
  sortShowcase: (ids: string[]) => http.put<MyShowcase>(`${me}/showcase/order`, { product_ids: ids }),
  describe: (intro: string) => http.put<MyShowcase>(`${me}/showcase/intro`, { intro }),
  samples: (cursor?: string) => http.get<Listed<Sample>>(`${me}/samples`, { cursor }),
  askSample: (body: { product_id: string; address_id: string; message: string }, key: string) => http.create<Sample>(`${me}/samples`, body, key),
  sampleStep: (id: string, body: Record<string, string>) => http.post<Sample>(`${me}/samples/${id}/steps`, body),
  addresses: () => http.get<{ items: Address[] }>('/api/addresses'),
  invitations: () => http.get<{ items: Invitation[] }>(`${me}/invitations`),
  answer: (planId: string, accept: boolean) => http.post<{ items: Invitation[] }>(`${me}/invitations/${planId}`, { accept }),
  agreements: () => http.get<{ items: Agreement[] }>(`${me}/agreements`),
  answerAgreement: (id: string, accept: boolean) => http.post<Agreement>(`${me}/agreements/${id}`, { accept }),
  leave: (agencyId: string) => http.post<Agreement>(`${me}/agencies/${agencyId}/leave`),

  myAgencies: () => http.get<{ items: Agency[] }>('/api/agencies/mine'),
  applyAgency: (body: { name: string; legal_name: string; licence_number: string; contact_phone: string }, key: string) => http.create<Agency>('/api/agencies', body, key),
  agency: (id: string) => http.get<Agency>(agency(id)),
  members: (id: string, cursor?: string) => http.get<Listed<Agreement>>(`${agency(id)}/members`, { cursor }),
  propose: (id: string, body: { phone: string; share_bps: number; notice_days: number }, key: string) => http.create<Agreement>(`${agency(id)}/members`, body, key),
  withdraw: (id: string, agreementId: string) => http.post<Agreement>(`${agency(id)}/proposals/${agreementId}/withdraw`),
  release: (id: string, personId: string) => http.post<Agreement>(`${agency(id)}/members/${personId}/release`),
  staff: (id: string) => http.get<{ items: AgencyStaff[] }>(`${agency(id)}/staff`),
  addStaff: (id: string, phone: string, key: string) => http.create<{ items: AgencyStaff[] }>(`${agency(id)}/staff`, { phone }, key),
  removeStaff: (id: string, personId: string) => http.remove(`${agency(id)}/staff/${personId}`),
  agencyReviews: (state: string, cursor?: string) => http.get<Listed<Agency>>('/api/reviews/agencies', { state, cursor }),
  reviewAgency: (id: string, approve: boolean, reason: string) => http.post<Agency>(`/api/reviews/agencies/${id}`, { approve, reason }),
}

export type Slot = Schemas['SlotWire']
export const slots = {
  ofShop: (shopId: string, cursor?: string) => http.get<Listed<Slot>>(`${shop(shopId)}/slot-contracts`, { cursor }),
  propose: (shopId: string, body: Schemas['SlotBody'], key: string) => http.create<Slot>(`${shop(shopId)}/slot-contracts`, body, key),
  fund: (shopId: string, id: string) => http.post<Slot>(`${shop(shopId)}/slot-contracts/${id}/fund`),
  endForShop: (shopId: string, id: string) => http.post<Slot>(`${shop(shopId)}/slot-contracts/${id}/end`),
  mine: (cursor?: string) => http.get<Listed<Slot>>(`${me}/contracts`, { cursor }),
  answer: (id: string, sign: boolean) => http.post<Slot>(`${me}/contracts/${id}`, { sign }),
  end: (id: string) => http.post<Slot>(`${me}/contracts/${id}/end`),
}

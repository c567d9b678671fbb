import type { components } from '@/api/schema'
import { http } from './http'
import type { Listed } from './wire'

type Schemas = components['schemas']
export type Case = Schemas['CaseWire']
export type CaseFull = Schemas['CasePage']
export type CaseState = Schemas['CaseState']
export type CaseKind = Schemas['CaseKind']
export type Figures = Schemas['CaseFiguresWire']
export type ShopTerms = Schemas['ShopTermsWire']
export type Template = Schemas['RefusalTemplate']
export type Rule = Schemas['RuleWire']
export type Fund = Schemas['FundWire']
export type Claim = Schemas['ClaimWire']
export type Payout = Schemas['PayoutWire']
export type Decision = Schemas['DecideIn']

const shop = (shopId: string): string => `/api/shops/${shopId}/aftersales`
const OPERATOR = '/api/operator'

export const aftersales = {
  queue: (shopId: string, query: { state?: string; kind?: string; q?: string; sort?: string; cursor?: string }) => http.get<Listed<Case>>(shop(shopId), query),
  one: (shopId: string, id: string) => http.get<CaseFull>(`${shop(shopId)}/${id}`),
  act: (shopId: string, id: string, what: string, body: unknown, key: string) => http.create<CaseFull>(`${shop(shopId)}/${id}/${what}`, body, key),
  figures: (shopId: string) => http.get<Figures>(`${shop(shopId)}/figures`),
  terms: (shopId: string) => http.get<ShopTerms>(`${shop(shopId)}/terms`),
  promise: (shopId: string, body: ShopTerms) => http.put<ShopTerms>(`${shop(shopId)}/terms`, body),
  templates: (shopId: string) => http.get<{ items: Template[] }>(`${shop(shopId)}/refusals`),
  arbitrations: (decided: boolean, cursor?: string) => http.get<Listed<Case>>(`${OPERATOR}/arbitrations`, { decided: decided || undefined, cursor }),
  arbitration: (id: string) => http.get<CaseFull>(`${OPERATOR}/arbitrations/${id}`),
  rules: () => http.get<{ items: Rule[] }>(`${OPERATOR}/arbitrations/rules`),
  decide: (id: string, body: Decision, key: string) => http.create<CaseFull>(`${OPERATOR}/arbitrations/${id}/decide`, body, key),
  fund: () => http.get<Fund>(`${OPERATOR}/compensation`),
  claims: (open: boolean, cursor?: string) => http.get<Listed<Claim>>(`${OPERATOR}/compensation/claims`, { open: open || undefined, cursor }),
  recover: (shopId: string) => http.post<{ recovered_fen: number; owed_fen: number }>(`${OPERATOR}/compensation/shops/${shopId}/recover`),
  payouts: (waiting: boolean, cursor?: string) => http.get<Listed<Payout>>(`${OPERATOR}/compensation/payouts`, { waiting, cursor }),
  paid: (id: string, reference: string) => http.post<Payout>(`${OPERATOR}/compensation/payouts/${id}/paid`, { reference }),
}

import { http } from './http'
import type { components } from '@/api/schema'
import type { Listed } from './wire'

type Schemas = components['schemas']
export type OperatorRefund = Schemas['OperatorRefund']
export type CarrierNotice = Schemas['CarrierNoticeWire']

const OPERATOR = '/api/operator'

/** What operators see of payment providers and carriers, and do about what went wrong there. */
export const payments = {
  refunds: (state: string, cursor?: string) => http.get<Listed<OperatorRefund>>(`${OPERATOR}/refunds`, { state: state || undefined, cursor }),
  retryRefund: (id: string, reason: string, anew: boolean) => http.post<OperatorRefund>(`${OPERATOR}/refunds/${id}/retry`, { reason, anew }),
  paidByHand: (id: string, reason: string, reference: string) => http.post<OperatorRefund>(`${OPERATOR}/refunds/${id}/paid-by-hand`, { reason, reference }),
  carrierNotices: (query: { outcome?: string; q?: string; cursor?: string }) => http.get<Listed<CarrierNotice>>(`${OPERATOR}/carrier-notices`, query),
  replayCarrierNotice: (id: string) => http.post<CarrierNotice>(`${OPERATOR}/carrier-notices/${id}/replay`),
}

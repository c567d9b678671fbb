import { http } from './http'
import type { CrewIn, CrewMember, Listed, Me, Merchant, MerchantIn, Meta, Realname, RealnameReview } from './wire'

export const people = {
  me: () => http.get<Me>('/api/me'),
  meta: () => http.get<Meta>('/api/meta'),
  sendCode: (phone: string) => http.post<{ expires_in_seconds: number; retry_after_seconds: number }>('/api/login/codes', { phone }),
  login: (phone: string, code: string) => http.post<Me>('/api/login', { phone, code, agreed: true }),
  staffLogin: (username: string, password: string, totp: string) => http.post<Me>('/api/staff/login', { username, password, totp }),
  logout: () => http.post<void>('/api/logout'),

  myMerchants: () => http.get<Listed<Merchant>>('/api/merchants/mine'),
  applyMerchant: (body: MerchantIn, key: string) => http.create<Merchant>('/api/merchants', body, key),
  realname: () => http.get<Realname>('/api/realname'),
  submitRealname: (body: { real_name: string; id_number: string }, key: string) => http.create<Realname>('/api/realname', body, key),

  crew: (roomId: string) => http.get<Listed<CrewMember>>(`/api/rooms/${roomId}/crew`),
  addCrew: (roomId: string, body: CrewIn, key: string) =>
    http.create<CrewMember>(`/api/rooms/${roomId}/crew`, body, key),
  removeCrew: (roomId: string, personId: string) => http.remove(`/api/rooms/${roomId}/crew/${personId}`),

  merchantReviews: (state: string, cursor?: string) => http.get<Listed<Merchant>>('/api/reviews/merchants', { state, cursor }),
  reviewMerchant: (id: string, approve: boolean, reason: string) => http.post<Merchant>(`/api/reviews/merchants/${id}`, { approve, reason }),
  realnameReviews: (state: string, cursor?: string) => http.get<Listed<RealnameReview>>('/api/reviews/realnames', { state, cursor }),
  reviewRealname: (id: string, approve: boolean, reason: string) => http.post<unknown>(`/api/reviews/realnames/${id}`, { approve, reason }),
}

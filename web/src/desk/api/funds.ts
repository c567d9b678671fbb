import { http } from './http'
import type { components } from '@/api/schema'
import type { Listed } from './wire'

type Schemas = components['schemas']
export type Withdrawal = Schemas['WithdrawalWire']
export type WithdrawalAccount = Schemas['WithdrawalAccount']
export type BankAccountIn = Schemas['BankAccountIn']
export type DayBill = Schemas['DayBillWire']
export type Deposit = Schemas['DepositWire']
export type ShopDeposit = Schemas['ShopDeposit']
export type MoneyTerms = Schemas['TermsWire']
export type TermsIn = Schemas['TermsIn']
export type SettledDays = Schemas['SettledDays']
export type Funds = Schemas['Funds']
export type ReconciledDay = Schemas['ReconciledDay']
export type AgencyEarnings = Schemas['AgencyEarnings']
export type Ledger = Schemas['Ledger']
export type LedgerAccount = Schemas['AccountWire']
export type Hold = Schemas['HoldWire']
export type Difference = Schemas['DifferenceWire']

/** Whose money: a shop's or one's own; the same screens serve both. */
export const ofShop = (shopId: string): string => `/api/shops/${shopId}`
export const ofAgency = (agencyId: string): string => `/api/agencies/${agencyId}`
export const OF_CREATOR = '/api/creators/me'
const OPERATOR = '/api/operator'
export const accountPath = (id: string): string => `${OPERATOR}/ledger/accounts/${id}`

export const funds = {
  account: (whose: string) => http.get<WithdrawalAccount>(`${whose}/withdrawals/account`),
  nameBank: (whose: string, body: BankAccountIn) => http.put<WithdrawalAccount>(`${whose}/withdrawals/account`, body),
  withdrawals: (whose: string, cursor?: string) => http.get<Listed<Withdrawal>>(`${whose}/withdrawals`, { cursor }),
  withdraw: (whose: string, fen: number, key: string) => http.create<Withdrawal>(`${whose}/withdrawals`, { fen }, key),
  bills: (shopId: string, month: string) => http.get<{ items: DayBill[] }>(`${ofShop(shopId)}/bills`, { month }),
  billFile: (shopId: string, day: string, format: 'csv' | 'xlsx') => `${ofShop(shopId)}/bills/${day}/file?format=${format}`,
  deposit: (shopId: string) => http.get<Deposit>(`${ofShop(shopId)}/deposit`),
  putDown: (shopId: string, fen: number, key: string) => http.create<Deposit>(`${ofShop(shopId)}/deposit`, { fen }, key),
  giveBack: (shopId: string, fen: number, key: string) => http.create<Deposit>(`${ofShop(shopId)}/deposit/give-back`, { fen }, key),
  agencyEarnings: (agencyId: string) => http.get<AgencyEarnings>(`${ofAgency(agencyId)}/earnings`),

  queue: (state: string, cursor?: string) => http.get<Listed<Withdrawal>>(`${OPERATOR}/withdrawals`, { state: state || undefined, cursor }),
  approve: (id: string) => http.post<Withdrawal>(`${OPERATOR}/withdrawals/${id}/approve`),
  refuse: (id: string, reason: string) => http.post<Withdrawal>(`${OPERATOR}/withdrawals/${id}/refuse`, { reason }),
  paid: (id: string, reference: string) => http.post<Withdrawal>(`${OPERATOR}/withdrawals/${id}/paid`, { reference }),
  returned: (id: string, reason: string) => http.post<Withdrawal>(`${OPERATOR}/withdrawals/${id}/returned`, { reason }),
  bankNumber: (id: string) => http.get<{ number: string }>(`${OPERATOR}/withdrawals/${id}/bank-number`),
  ledger: () => http.get<Ledger>(`${OPERATOR}/ledger`),
  checkLedger: () => http.post<unknown>(`${OPERATOR}/ledger/check`),
  accounts: (query: { kind?: string; at?: string; owner?: string }) => http.get<{ items: LedgerAccount[]; more: boolean }>(`${OPERATOR}/ledger/accounts`, query),
  ledgerAccount: (id: string, at?: string) => http.get<LedgerAccount>(accountPath(id), { at }),
  holds: (id: string) => http.get<{ items: Hold[] }>(`${accountPath(id)}/holds`),
  settled: () => http.get<SettledDays>(`${OPERATOR}/settlements`),
  terms: () => http.get<{ items: MoneyTerms[] }>(`${OPERATOR}/settlements/terms`),
  setTerms: (audience: string, body: TermsIn) => http.put<{ items: MoneyTerms[] }>(`${OPERATOR}/settlements/terms/${audience}`, body),
  deposits: () => http.get<{ items: ShopDeposit[] }>(`${OPERATOR}/deposits`),
  transfer: (shopId: string, fen: number, reference: string) => http.post<Deposit>(`${OPERATOR}/deposits/${shopId}/transfer`, { fen, reference }),
  deduct: (shopId: string, fen: number, reason: string, evidence: string[], key: string) => http.create<Deposit>(`${OPERATOR}/deposits/${shopId}/deduct`, { fen, reason, evidence }, key),
  setClass: (shopId: string, merchant_class: string) => http.put<ShopDeposit>(`${OPERATOR}/deposits/${shopId}/class`, { merchant_class }),
  closeShop: (shopId: string) => http.post<ShopDeposit>(`${OPERATOR}/deposits/${shopId}/close`),
  reopenShop: (shopId: string) => http.post<ShopDeposit>(`${OPERATOR}/deposits/${shopId}/reopen`),
  releaseDeposit: (shopId: string) => http.post<ShopDeposit>(`${OPERATOR}/deposits/${shopId}/release`),
  own: () => http.get<Funds>(`${OPERATOR}/funds`),
  days: () => http.get<{ items: ReconciledDay[] }>(`${OPERATOR}/reconciliation`),
  differences: (state: string) => http.get<{ items: Difference[] }>(`${OPERATOR}/reconciliation/differences`, { state: state || undefined }),
  compare: (provider: string, day: string) => http.post<unknown>(`${OPERATOR}/reconciliation/${provider}/${day}/compare`),
  closeDay: (provider: string, day: string) => http.post<unknown>(`${OPERATOR}/reconciliation/${provider}/${day}/close`),
  note: (id: string, note: string) => http.post<unknown>(`${OPERATOR}/reconciliation/differences/${id}/note`, { note }),
  accept: (id: string, note: string) => http.post<unknown>(`${OPERATOR}/reconciliation/differences/${id}/accept`, { note }),
  link: (id: string, linked_to: string, note: string) => http.post<unknown>(`${OPERATOR}/reconciliation/differences/${id}/link`, { linked_to, note }),
}

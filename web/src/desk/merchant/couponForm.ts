/** The coupon editor's form and what it becomes. */
import type { CouponIn } from '../api/wire'

export interface CouponForm {
  title: string
  benefit: 'off' | 'percent' | 'freight'
  off_fen: number | null
  percent: number | undefined
  cap_fen: number | null
  threshold_fen: number | null
  each_full: boolean
  scope: 'all' | 'products' | 'categories' | 'shops'
  scope_ids: string[]
  audience: 'everybody' | 'new_buyer' | 'follower'
  stack_group: 'coupon' | 'member' | 'campaign'
  per_buyer_limit: number | undefined
  pieces_max: number | undefined
  budget_fen: number | null
  claim: [Date, Date] | null
  use_kind: 'days' | 'window'
  use_days: number | undefined
  use: [Date, Date] | null
}

const DAY_MS = 86_400_000

export function emptyCoupon(now: Date): CouponForm {
  return {
    title: '', benefit: 'off', off_fen: null, percent: undefined, cap_fen: null, threshold_fen: null, each_full: false, scope: 'all', scope_ids: [], audience: 'everybody', stack_group: 'coupon',
    per_buyer_limit: 1, pieces_max: 100, budget_fen: null, claim: [now, new Date(now.getTime() + 7 * DAY_MS)], use_kind: 'days', use_days: 7, use: null,
  }
}

/** Null where something that every coupon needs is missing; what contradicts itself the server says in words. */
export function couponBody(form: CouponForm): CouponIn | null {
  const percent = form.benefit === 'percent'
  const amount = percent ? form.percent : form.off_fen
  if (!form.title.trim() || !amount || !form.pieces_max || !form.per_buyer_limit || !form.claim) return null
  if (form.use_kind === 'days' ? !form.use_days : !form.use) return null
  if (form.scope !== 'all' && form.scope_ids.length === 0) return null
  const window = form.use_kind === 'window' ? form.use : null
  return {
    title: form.title.trim(),
    benefit: form.benefit,
    off_fen: percent ? 0 : (form.off_fen ?? 0),
    percent_bps: percent ? Math.round((form.percent ?? 0) * 100) : 0,
    cap_fen: form.benefit === 'freight' || (form.benefit === 'off' && !form.each_full) ? null : form.cap_fen,
    threshold_fen: form.threshold_fen ?? 0,
    each_full: form.benefit === 'off' && form.each_full,
    scope: form.scope,
    scope_ids: form.scope === 'all' ? [] : form.scope_ids,
    audience: form.audience,
    stack_group: form.stack_group,
    per_buyer_limit: form.per_buyer_limit,
    pieces_max: form.pieces_max,
    budget_fen: form.budget_fen,
    claim_from: form.claim[0].toISOString(),
    claim_until: form.claim[1].toISOString(),
    use_from: window ? window[0].toISOString() : null,
    use_until: window ? window[1].toISOString() : null,
    use_days: window ? null : (form.use_days ?? null),
  }
}

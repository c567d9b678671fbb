/** What became of a delivery to the payment callback, and how loud each outcome is shown. Pure. */

import type { NoticeOutcome } from '../api/wire'

/** As the server's filter takes them (`Outcome` of /api/operator/payment-notices). */
export const NOTICE_OUTCOMES = [
  'paid', 'duplicate', 'late', 'refund_done', 'refund_going_on', 'refund_again', 'refund_abnormal', 'unknown_order', 'unknown_refund',
  'wrong_amount', 'wrong_currency', 'conflicting_transaction', 'forged', 'stale', 'foreign',
] as const satisfies readonly NoticeOutcome[]

const GOOD = new Set(['paid', 'refund_done'])
const PLAIN = new Set(['duplicate', 'refund_going_on', 'refund_again'])
/** Handled by itself, but somebody should know: the money came after the order had expired, or an old notice was sent again. */
const WARN = new Set(['late', 'stale'])

export function noticeTone(outcome: string): 'good' | 'plain' | 'warn' | 'bad' {
  if (GOOD.has(outcome)) return 'good'
  if (PLAIN.has(outcome)) return 'plain'
  return WARN.has(outcome) ? 'warn' : 'bad'
}

/** A payment is numbered `<order>P01`, its refund `<order>P01R01`; orders are found by the first part. */
export function orderNumberOf(number: string): string {
  return number.replace(/P\d+(R\d+)?$/u, '')
}

/** Which figures stand on a board, in which order, and how each is written. Definitions follow the board's own counting on the server. */
import type { Board } from '../api/wire'
import { countText, fenBig, fenText, rateText, shareOf, stayText, type FigureLocale } from '../figures'

export interface Figure { key: string; text: string; note?: { key: string; text: string } }
export interface FunnelStep { key: string; count: number; ofBefore: number | null; width: number }

export function figuresOf(board: Board, locale: FigureLocale): Figure[] {
  return [
    { key: 'orders_paid', text: countText(board.orders_paid, locale), note: { key: 'orders_created', text: countText(board.orders_created, locale) } },
    { key: 'online', text: countText(board.online, locale), note: { key: 'online_peak', text: countText(board.online_peak, locale) } },
    { key: 'viewers_uv', text: countText(board.viewers_uv, locale), note: { key: 'views_pv', text: countText(board.views_pv, locale) } },
    { key: 'gpm', text: fenText(board.gpm_fen) },
    { key: 'average_order', text: fenText(board.average_order_fen), note: { key: 'buyers', text: countText(board.buyers_paid, locale) } },
    { key: 'uv_value', text: fenText(board.uv_value_fen) },
    { key: 'stay', text: stayText(board.stay_seconds_avg, locale) },
    { key: 'interact_rate', text: rateText(board.interact_rate), note: { key: 'comment_uv', text: countText(board.comment_uv, locale) } },
    { key: 'follow_rate', text: rateText(board.follow_rate), note: { key: 'follow_uv', text: countText(board.follow_uv, locale) } },
  ]
}

export interface MoneyFigures { paid: string; created: string; net: string; refunded: string; refundRate: string }
export function moneyOf(board: Board, locale: FigureLocale): MoneyFigures {
  return {
    paid: fenBig(board.gmv_paid_fen, locale), created: fenBig(board.gmv_created_fen, locale), net: fenBig(board.gmv_net_fen, locale),
    refunded: fenText(board.refund_fen), refundRate: rateText(shareOf(board.refund_orders, board.orders_paid)),
  }
}

export const refundFigure = (money: MoneyFigures): Figure => ({ key: 'refunded', text: money.refunded, note: { key: 'refund_rate', text: money.refundRate } })

/** Shown → clicked → placed → paid, in distinct people; each step as a share of the one before, widths relative to the widest. */
export function funnelOf(board: Board): FunnelStep[] {
  const { shown_uv, clicked_uv, placed_uv, paid_uv } = board.funnel
  const steps: [string, number][] = [['shown', shown_uv], ['clicked', clicked_uv], ['placed', placed_uv], ['paid', paid_uv]]
  const widest = Math.max(1, ...steps.map(([, count]) => count))
  return steps.map(([key, count], i) => {
    const before = steps[i - 1]
    return { key, count, ofBefore: before ? shareOf(count, before[1]) : null, width: count / widest }
  })
}

/** The last ten minutes beside the ten before: null when there are not twenty minutes to compare. */
export function tenMinuteChange(minutes: readonly { gmv_paid_fen: number }[]): { nowFen: number; beforeFen: number } | null {
  if (minutes.length < 20) return null
  const sum = (rows: readonly { gmv_paid_fen: number }[]): number => rows.reduce((total, row) => total + row.gmv_paid_fen, 0)
  return { nowFen: sum(minutes.slice(-10)), beforeFen: sum(minutes.slice(-20, -10)) }
}

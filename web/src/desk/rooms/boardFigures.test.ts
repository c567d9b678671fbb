import { describe, expect, it } from 'vitest'
import type { Board } from '../api/wire'
import { figuresOf, funnelOf, moneyOf, tenMinuteChange } from './boardFigures'

const board: Board = {
  broadcast_id: 'b', at: '', started_at: null, gmv_created_fen: 25_000_000, gmv_paid_fen: 12_345_678, gmv_net_fen: 12_000_000, orders_created: 120, orders_paid: 100,
  buyers_paid: 90, online: 1286, online_peak: 2310, viewers_uv: 15210, views_pv: 21840, gpm_fen: 565278, uv_value_fen: 811, average_order_fen: 137174,
  stay_seconds_avg: 143.6, interact_rate: 0.1834, comment_uv: 1210, like_uv: 2310, follow_uv: 640, follow_rate: 0.0441,
  funnel: { shown_uv: 9800, clicked_uv: 4120, placed_uv: 0, paid_uv: 0 }, refund_orders: 6, refund_fen: 345_678, items: [], sources: [], minutes: [],
}

describe('the live board', () => {
  it('writes each figure as it is read aloud', () => {
    const written = Object.fromEntries(figuresOf(board, 'zh').map((figure) => [figure.key, figure.text]))
    expect(written).toEqual({
      orders_paid: '100', online: '1,286', viewers_uv: '15,210', gpm: '¥5,652.78', average_order: '¥1,371.74', uv_value: '¥8.11', stay: '2分24秒',
      interact_rate: '18.3%', follow_rate: '4.4%',
    })
    expect(moneyOf(board, 'zh')).toEqual({ paid: '¥12.34万', created: '¥25.00万', net: '¥12.00万', refunded: '¥3,456.78', refundRate: '6.0%' })
  })

  it('puts each funnel step over the one before, and survives nobody', () => {
    expect(funnelOf(board).map((step) => [step.key, step.count, step.ofBefore])).toEqual([
      ['shown', 9800, null], ['clicked', 4120, 4120 / 9800], ['placed', 0, 0], ['paid', 0, null],
    ])
    expect(funnelOf({ ...board, funnel: { shown_uv: 0, clicked_uv: 0, placed_uv: 0, paid_uv: 0 } }).every((step) => step.width === 0)).toBe(true)
  })

  it('compares ten minutes with the ten before only when there are twenty', () => {
    const minutes = Array.from({ length: 25 }, (_, i) => ({ gmv_paid_fen: i }))
    expect(tenMinuteChange(minutes.slice(0, 19))).toBeNull()
    expect(tenMinuteChange(minutes)).toEqual({ nowFen: 195, beforeFen: 95 })
  })
})

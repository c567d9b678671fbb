import { describe, expect, it } from 'vitest'
import type { BagItem, ChatEvent, Snapshot, TickFrame } from '../api/wire'
import { applyFrame, CHAT_LINES_MAX, emptyRoom, SALES_KEPT_MAX, takeSnapshot } from './roomState'

const item = (number: number): BagItem => ({
  id: `b${number}`, number, product_id: `p${number}`, title: `Item ${number}`, picture_url: '', price_fen: 100, price_fen_max: 100, struck_fen: null, price_until: null, skus: [], service_tags: [],
  stock_left: 10, pitching: false, pitch_requests: 0, replay: null,
})
const line = (id: string): ChatEvent => ({ id, kind: 'line', name: 'n', text: id, role: null, person_ref: null, pinned: false, demo: false, at: '2026-11-23T08:00:00.000Z' })
const snapshot = (seq: number, chat: ChatEvent[] = []): Snapshot => ({
  seq, at: '2026-11-23T08:00:00.000Z', online: 5, viewers_uv: 9, likes: 1, chat, bag: [item(1), item(2), item(3)], pitch: null, slow_mode_seconds: 0, muted_until: null,
})
const tick = (seq: number, over: Partial<TickFrame> = {}): TickFrame => ({
  t: 'tick', seq, at: '2026-11-23T08:00:01.000Z', chat: [], likes: 2, likes_delta: 1, online: seq, viewers_uv: 10, ...over,
})

describe('a room on the console', () => {
  it('keeps the lines on the page over a reconnect, without doubling them', () => {
    const state = emptyRoom()
    takeSnapshot(state, snapshot(1, [line('a'), line('b')]))
    applyFrame(state, tick(2, { chat: [line('c')] }), 0)
    takeSnapshot(state, snapshot(3, [line('b'), line('c'), line('d')]))
    expect(state.chat.map((one) => one.id)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('lets old lines go', () => {
    const state = emptyRoom()
    for (let i = 0; i < CHAT_LINES_MAX + 50; i++) applyFrame(state, tick(i, { chat: [line(String(i))] }), 0)
    expect(state.chat.length).toBe(CHAT_LINES_MAX)
    expect(state.chat.at(-1)?.id).toBe(String(CHAT_LINES_MAX + 49))
  })

  it('takes the lines but not the figures of a tick that comes late', () => {
    const state = emptyRoom()
    applyFrame(state, tick(8, { online: 80 }), 0)
    applyFrame(state, tick(7, { online: 70, chat: [line('late')] }), 0)
    expect(state.online).toBe(80)
    expect(state.chat.map((one) => one.id)).toEqual(['late'])
  })

  it('has one item in pitch at a time', () => {
    const state = emptyRoom()
    takeSnapshot(state, snapshot(1))
    const start = (id: string, number: number): void =>
      applyFrame(state, { t: 'ctl', seq: number, at: '', kind: 'pitch.started', pitch: { id: `pi${id}`, item_id: id, started_at: '' }, item: { ...item(number), pitching: true } }, 0)
    start('b1', 1)
    start('b2', 2)
    expect(state.bag.filter((one) => one.pitching).map((one) => one.id)).toEqual(['b2'])
    // The end of the earlier pitch arrives after the start of the next: the running one stays.
    applyFrame(state, { t: 'ctl', seq: 3, at: '', kind: 'pitch.ended', item_id: 'b1' }, 0)
    expect(state.pitch?.item_id).toBe('b2')
    applyFrame(state, { t: 'ctl', seq: 4, at: '', kind: 'pitch.ended', item_id: 'b2' }, 0)
    expect(state.pitch).toBeNull()
    expect(state.bag.some((one) => one.pitching)).toBe(false)
  })

  it('keeps the order that the server gives the bag', () => {
    const state = emptyRoom()
    takeSnapshot(state, snapshot(1))
    applyFrame(state, { t: 'ctl', seq: 2, at: '', kind: 'bag.changed', bag: [item(3), item(1), item(2)] }, 0)
    expect(state.bag.map((one) => one.number)).toEqual([3, 1, 2])
    applyFrame(state, tick(3, { items: { b1: { stock_left: 2, price_fen: 90 } } }), 0)
    expect(state.bag[1]).toMatchObject({ id: 'b1', stock_left: 2, price_fen: 90 })
  })

  it('shows the newest sale first and forgets the oldest', () => {
    const state = emptyRoom()
    for (let i = 0; i < SALES_KEPT_MAX + 5; i++) applyFrame(state, { t: 'sale', order_no: String(i), item_number: 1, title: 't', amount_fen: i, nickname: 'n' }, i)
    expect(state.sales[0]?.order_no).toBe(String(SALES_KEPT_MAX + 4))
    expect(state.sales.length).toBe(SALES_KEPT_MAX)
  })
})

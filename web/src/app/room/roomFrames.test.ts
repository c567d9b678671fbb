import { describe, expect, it } from 'vitest'
import type { BagItem, CtlFrame, Snapshot, TickFrame } from '@/api/types'
import { applyCtl, applySnapshot, applyTick, newRoomState } from './roomFrames'

const AT = '2026-11-23T08:00:00.000Z'

function item(number: number): BagItem {
  return { id: `i${number}`, number, product_id: 'p', title: 't', picture_url: '', price_fen: 2990, price_fen_max: 2990, struck_fen: null, price_until: null, skus: [], service_tags: [], stock_left: 9, pitching: false, pitch_requests: 0, replay: null }
}
function snapshot(over: Partial<Snapshot> = {}): Snapshot {
  return { seq: 1, at: AT, online: 3, viewers_uv: 5, likes: 10, chat: [], bag: [item(2), item(1)], pitch: null, slow_mode_seconds: 0, muted_until: null, ...over }
}
function tick(over: Partial<TickFrame> = {}): TickFrame {
  return { t: 'tick', seq: 2, at: AT, chat: [], likes: 10, likes_delta: 0, online: 4, viewers_uv: 6, ...over }
}
const ctl = (frame: Record<string, unknown>): CtlFrame => ({ t: 'ctl', seq: 3, at: AT, ...frame }) as CtlFrame

describe('the state of a room', () => {
  it('orders the bag by link number', () => {
    const state = newRoomState()
    applySnapshot(state, snapshot())
    expect(state.bag.map((i) => i.number)).toEqual([1, 2])
  })

  it('follows stock and price from a tick', () => {
    const state = newRoomState()
    applySnapshot(state, snapshot())
    applyTick(state, tick({ items: { i2: { stock_left: 0, price_fen: 1990 } } }))
    expect(state.bag[1]).toMatchObject({ stock_left: 0, price_fen: 1990 })
    expect(state.bag[0]).toMatchObject({ stock_left: 9, price_fen: 2990 })
  })

  it('never counts an own like twice', () => {
    const state = newRoomState()
    applySnapshot(state, snapshot())
    state.likesAhead = 3
    applyTick(state, tick({ likes: 12, likes_delta: 2 }))
    expect(state.likes + state.likesAhead).toBe(13)
    applyTick(state, tick({ likes: 13, likes_delta: 1 }))
    expect(state.likes + state.likesAhead).toBe(13)
  })

  it('has one item in pitch at a time', () => {
    const state = newRoomState()
    applySnapshot(state, snapshot())
    applyCtl(state, ctl({ kind: 'pitch.started', pitch: { id: 'a', item_id: 'i1', started_at: AT }, item: item(1) }))
    applyCtl(state, ctl({ kind: 'pitch.started', pitch: { id: 'b', item_id: 'i2', started_at: AT }, item: item(2) }))
    expect(state.bag.filter((i) => i.pitching).map((i) => i.id)).toEqual(['i2'])
    applyCtl(state, ctl({ kind: 'pitch.ended', item_id: 'i1' }))
    expect(state.pitch?.id).toBe('b')
    applyCtl(state, ctl({ kind: 'pitch.ended', item_id: 'i2' }))
    expect(state.pitch).toBeNull()
  })

  it('asks for the page anew when the broadcast begins or the addresses change', () => {
    const state = newRoomState()
    expect(applyCtl(state, ctl({ kind: 'broadcast.live' }))).toBe(true)
    expect(applyCtl(state, ctl({ kind: 'playback.changed' }))).toBe(true)
    expect(applyCtl(state, ctl({ kind: 'broadcast.ended' }))).toBe(false)
    expect(state.phase).toBe('ended')
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entered, Snapshot, TickFrame } from '@/api/types'
import type { NatsOptions } from './nats'
import { backoffMs, RoomEvents, type EventsState } from './roomEvents'

const START = new Date('2026-11-23T08:00:00Z')

function snapshot(seq: number): Snapshot {
  return { seq, at: new Date().toISOString(), online: 1, viewers_uv: 1, likes: 0, chat: [], bag: [], pitch: null, slow_mode_seconds: 0, muted_until: null }
}

function tick(seq: number): TickFrame {
  return { t: 'tick', seq, at: new Date(Date.now() + 1).toISOString(), chat: [], likes: 0, likes_delta: 0, online: 1, viewers_uv: 1 }
}

function setting(seqs: number[] = [10]) {
  const entered: number[] = []
  const asked: number[] = []
  const snapshots: number[] = []
  const ticks: number[] = []
  const states: EventsState[] = []
  const connections: NatsOptions[] = []
  let failing = 0
  const events = new RoomEvents({
    enter: () => {
      entered.push(Date.now())
      const answer: Entered = { watch_id: 'w', events: { url: 'ws://x', jwt: `jwt${entered.length}`, subjects: ['room.1.tick'], expires_at: new Date(Date.now() + 600_000).toISOString() }, snapshot: snapshot(seqs[0] ?? 10) }
      return Promise.resolve(answer)
    },
    snapshot: () => { asked.push(Date.now()); return Promise.resolve(snapshot(seqs[Math.min(asked.length, seqs.length - 1)] ?? 10)) },
    onSnapshot: (s) => snapshots.push(s.seq),
    onTick: (frame) => ticks.push(frame.seq),
    onCtl: () => undefined,
    onState: (state) => states.push(state),
    random: () => 0.5,
    connect: (options) => {
      if (failing-- > 0) return Promise.reject(new Error('refused'))
      connections.push(options)
      return Promise.resolve({ close: () => undefined })
    },
  })
  const receive = (frame: TickFrame): void => connections[connections.length - 1]!.onMessage({ subject: 'room.1.tick', data: new TextEncoder().encode(JSON.stringify(frame)) })
  return { events, entered, asked, snapshots, ticks, states, connections, receive, fail: (times: number) => (failing = times) }
}

beforeEach(() => vi.useFakeTimers({ now: START }))
afterEach(() => vi.useRealTimers())

describe('RoomEvents', () => {
  it('enters, connects, looks once more and is live', async () => {
    const s = setting()
    await s.events.start()
    expect(s.states).toEqual(['connecting', 'live'])
    expect(s.snapshots).toEqual([10, 10])
    s.receive(tick(11))
    expect(s.ticks).toEqual([11])
    s.events.stop()
  })

  it('takes a snapshot when a number stays missing', async () => {
    const s = setting([10, 10, 13])
    await s.events.start()
    s.receive(tick(11))
    s.receive(tick(13))
    expect(s.asked).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(s.asked).toHaveLength(2)
    expect(s.snapshots[s.snapshots.length - 1]).toBe(13)
    s.events.stop()
  })

  it('takes none when the missing frame arrives a moment later', async () => {
    const s = setting()
    await s.events.start()
    s.receive(tick(12))
    s.receive(tick(11))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(s.ticks).toEqual([12, 11])
    expect(s.asked).toHaveLength(1)
    s.events.stop()
  })

  it('applies frames that are newer than the snapshot once more', async () => {
    const s = setting([10, 10, 12])
    await s.events.start()
    s.receive(tick(12))
    await vi.advanceTimersByTimeAsync(300)
    s.receive(tick(13))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(s.snapshots).toEqual([10, 10, 12])
    s.receive(tick(14))
    expect(s.ticks.slice(-1)).toEqual([14])
    await vi.advanceTimersByTimeAsync(5_000)
    s.events.stop()
  })

  it('reconnects with growing waits and then takes a snapshot', async () => {
    const s = setting()
    await s.events.start()
    s.fail(2)
    s.connections[0]!.onClose('gone')
    expect(s.states.slice(-1)).toEqual(['reconnecting'])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(s.states.slice(-1)).toEqual(['live'])
    expect(s.connections).toHaveLength(2)
    expect(s.asked).toHaveLength(2)
    expect(s.entered).toHaveLength(1)
    s.events.stop()
  })

  it('enters again before the token expires and swaps the connection', async () => {
    const s = setting()
    await s.events.start()
    await vi.advanceTimersByTimeAsync(580_000)
    expect(s.entered).toHaveLength(2)
    expect(s.connections[s.connections.length - 1]!.jwt).toBe('jwt2')
    s.events.stop()
  })

  it('hears nothing after stop', async () => {
    const s = setting()
    await s.events.start()
    s.events.stop()
    s.receive(tick(11))
    s.connections[0]!.onClose('gone')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(s.ticks).toEqual([])
    expect(s.connections).toHaveLength(1)
  })

  it('waits longer each time, but never beyond the ceiling, and never in step', () => {
    expect(backoffMs(0, () => 0)).toBe(300)
    expect(backoffMs(3, () => 1)).toBe(4_000)
    expect(backoffMs(30, () => 1)).toBe(15_000)
    expect(backoffMs(5, () => 0.2)).not.toBe(backoffMs(5, () => 0.8))
  })
})

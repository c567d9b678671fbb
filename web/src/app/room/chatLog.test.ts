import { describe, expect, it } from 'vitest'
import type { ChatEvent } from '@/api/types'
import { appendChat, CHAT_LINES_MAX, confirmOwn, mergeChat, ownLine, removeLine } from './chatLog'

function line(n: number, kind: ChatEvent['kind'] = 'line'): ChatEvent {
  return { id: `l${n}`, kind, name: 'a', text: `t${n}`, role: null, person_ref: null, pinned: false, demo: false, at: new Date(n * 1_000).toISOString() }
}
const many = (from: number, count: number): ChatEvent[] => Array.from({ length: count }, (_, i) => line(from + i))

describe('the chat', () => {
  it('never holds more lines than its cap, and loses the oldest', () => {
    let log: ChatEvent[] = []
    for (let i = 0; i < 500; i += 40) log = appendChat(log, many(i, 40))
    expect(log).toHaveLength(CHAT_LINES_MAX)
    expect(log[log.length - 1]!.id).toBe('l519')
    expect(log[0]!.id).toBe('l460')
  })

  it('takes a line once, even when frame and snapshot both bring it', () => {
    const log = appendChat(appendChat([], many(0, 3)), [line(2), line(3), line(3)])
    expect(log.map((l) => l.id)).toEqual(['l0', 'l1', 'l2', 'l3'])
  })

  it('keeps entries out: they have their own place', () => {
    expect(appendChat([], [line(1, 'enter'), line(2, 'buying')]).map((l) => l.id)).toEqual(['l2'])
  })

  it('shows an own line at once and never twice', () => {
    const own = ownLine('me', 'hello', new Date(0).toISOString())
    const waiting = appendChat(many(0, 1), [own])
    expect(confirmOwn(waiting, own.id, 'l9').map((l) => l.id)).toEqual(['l0', 'l9'])
    const already = appendChat(waiting, [line(9)])
    expect(confirmOwn(already, own.id, 'l9').map((l) => l.id)).toEqual(['l0', 'l9'])
  })

  it('keeps older lines and own lines under way when a snapshot comes', () => {
    const own = ownLine('me', 'hello', new Date(99_000).toISOString())
    const log = appendChat(many(0, 4), [own])
    expect(mergeChat(log, [line(3), line(4)]).map((l) => l.id)).toEqual(['l0', 'l1', 'l2', 'l3', 'l4', own.id])
  })

  it('removes a line that the team has taken away', () => {
    expect(removeLine(many(0, 3), 'l1').map((l) => l.id)).toEqual(['l0', 'l2'])
  })
})

/** The lines of a room's chat as a capped list. Pure: every function returns a new list. */
import type { ChatEvent } from '@/api/types'

/** More lines than this are never in the page; the oldest leave. */
export const CHAT_LINES_MAX = 60

/** Own lines wear this prefix until the server has given them their number. */
const OWN = 'own-'
let ownCount = 0

/** What stands in the chat: everything but entries, which have their own line below it. */
export function isLine(event: ChatEvent): boolean {
  return event.kind !== 'enter'
}

export function appendChat(log: readonly ChatEvent[], events: readonly ChatEvent[]): ChatEvent[] {
  const known = new Set(log.map((line) => line.id))
  const fresh = events.filter((event) => isLine(event) && !known.has(event.id) && known.add(event.id))
  return fresh.length === 0 ? (log as ChatEvent[]) : [...log, ...fresh].slice(-CHAT_LINES_MAX)
}

/** A snapshot's lines win; lines we already had stay in place, and own lines still under way stay at the end. */
export function mergeChat(log: readonly ChatEvent[], snapshot: readonly ChatEvent[]): ChatEvent[] {
  const inSnapshot = new Set(snapshot.map((line) => line.id))
  const own = log.filter((line) => line.id.startsWith(OWN))
  const older = log.filter((line) => !line.id.startsWith(OWN) && !inSnapshot.has(line.id) && line.at < (snapshot[0]?.at ?? ''))
  return [...older, ...snapshot.filter(isLine), ...own].slice(-CHAT_LINES_MAX)
}

export function ownLine(name: string, text: string, at: string): ChatEvent {
  return { id: `${OWN}${++ownCount}`, kind: 'line', name, text, role: null, person_ref: null, pinned: false, demo: false, at }
}

/** The server's number for an own line is known: it takes the place, unless the line has already come back by itself. */
export function confirmOwn(log: readonly ChatEvent[], ownId: string, id: string): ChatEvent[] {
  if (log.some((line) => line.id === id)) return removeLine(log, ownId)
  return log.map((line) => (line.id === ownId ? { ...line, id } : line))
}

export function removeLine(log: readonly ChatEvent[], id: string): ChatEvent[] {
  return log.filter((line) => line.id !== id)
}

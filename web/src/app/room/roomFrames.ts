/** How a frame changes what the page knows of a room. */
import type { BagItem, ChatEvent, CtlFrame, Pitch, RoomPage, Snapshot, TickFrame } from '@/api/types'
import { appendChat, mergeChat, removeLine } from './chatLog'

export type Phase = 'loading' | 'failed' | 'waiting' | 'live' | 'ended'

export interface RoomState {
  phase: Phase
  page: RoomPage | null
  online: number
  viewersUv: number
  /** Likes as the server counts them; own taps not yet counted are in `likesAhead`. */
  likes: number
  likesAhead: number
  chat: ChatEvent[]
  entered: ChatEvent | null
  /** The last people seen, newest first, for the faces at the top. */
  faces: string[]
  bag: BagItem[]
  pitch: Pitch | null
  pinned: ChatEvent | null
  slowModeSeconds: number
  mutedUntil: string | null
}

const FACES_SHOWN = 3

export function newRoomState(): RoomState {
  return { phase: 'loading', page: null, online: 0, viewersUv: 0, likes: 0, likesAhead: 0, chat: [], entered: null, faces: [], bag: [], pitch: null, pinned: null, slowModeSeconds: 0, mutedUntil: null }
}

function meet(state: RoomState, events: readonly ChatEvent[]): void {
  const people = events.filter((e) => e.kind !== 'system' && !e.role && e.name)
  if (people.length === 0) return
  state.faces = [...new Set([...people.map((e) => e.name).reverse(), ...state.faces])].slice(0, FACES_SHOWN)
}

export function applySnapshot(state: RoomState, snapshot: Snapshot): void {
  state.online = snapshot.online
  state.viewersUv = snapshot.viewers_uv
  state.likes = Math.max(snapshot.likes, 0)
  state.chat = mergeChat(state.chat, snapshot.chat)
  state.bag = [...snapshot.bag].sort((a, b) => a.number - b.number)
  state.pitch = snapshot.pitch
  state.slowModeSeconds = snapshot.slow_mode_seconds
  state.mutedUntil = snapshot.muted_until ?? null
  if (snapshot.pinned !== undefined) state.pinned = snapshot.pinned
  meet(state, snapshot.chat)
}

export function applyTick(state: RoomState, frame: TickFrame): void {
  state.online = frame.online
  state.viewersUv = frame.viewers_uv
  state.likesAhead = Math.max(0, state.likesAhead - Math.max(0, frame.likes - state.likes))
  state.likes = frame.likes
  state.chat = appendChat(state.chat, frame.chat)
  const entries = frame.chat.filter((e) => e.kind === 'enter')
  const lastEntry = entries[entries.length - 1]
  if (lastEntry) state.entered = lastEntry
  meet(state, frame.chat)
  for (const item of frame.items ? state.bag : []) {
    const facts = frame.items?.[item.id]
    if (facts) {
      item.stock_left = facts.stock_left
      item.price_fen = facts.price_fen
    }
  }
}

/** True where the page has to be asked for anew (the broadcast began, the addresses changed). */
export function applyCtl(state: RoomState, frame: CtlFrame): boolean {
  switch (frame.kind) {
    case 'pitch.started':
      state.pitch = frame.pitch
      putItem(state, frame.item)
      state.bag.forEach((item) => (item.pitching = item.id === frame.pitch.item_id))
      return false
    case 'pitch.ended':
      if (state.pitch?.item_id === frame.item_id) state.pitch = null
      state.bag.forEach((item) => { if (item.id === frame.item_id) item.pitching = false })
      return false
    case 'bag.changed':
      state.bag = [...frame.bag].sort((a, b) => a.number - b.number)
      return false
    case 'item.changed':
      putItem(state, frame.item)
      return false
    case 'chat.removed':
      state.chat = removeLine(state.chat, frame.id)
      if (state.pinned?.id === frame.id) state.pinned = null
      return false
    case 'chat.pinned':
      state.pinned = frame.line
      return false
    case 'slow_mode':
      state.slowModeSeconds = frame.seconds
      return false
    case 'broadcast.ended':
      state.phase = 'ended'
      state.pitch = null
      return false
    case 'broadcast.live':
    case 'playback.changed':
      return true
  }
}

function putItem(state: RoomState, item: BagItem): void {
  const at = state.bag.findIndex((known) => known.id === item.id)
  if (at >= 0) state.bag.splice(at, 1, item)
  else state.bag = [...state.bag, item].sort((a, b) => a.number - b.number)
}

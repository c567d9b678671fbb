/** What the crew knows about one room, and how each frame changes it. Pure: the caller brings frames and the time. */
import type {
  BagItem, Board, BroadcastState, ChatEvent, CrewFrame, CtlFrame, NoticeFrame, Pitch, RoomFrame, SaleFrame, Snapshot, StreamHealth, TickFrame,
} from '../api/wire'

/** Older lines leave the page: a full evening's chat must not slow the console down. */
export const CHAT_LINES_MAX = 300
export const SALES_KEPT_MAX = 50
export const NOTICES_KEPT_MAX = 20
export const HEALTH_READINGS_MAX = 60

export interface Sale extends SaleFrame { at: number }
export interface Notice extends NoticeFrame { at: number }
export interface HealthAt { at: number; health: StreamHealth }
export interface RoomState {
  seq: number
  online: number
  viewersUv: number
  likes: number
  chat: ChatEvent[]
  bag: BagItem[]
  pitch: Pitch | null
  slowSeconds: number
  pinned: ChatEvent | null
  board: Board | null
  health: HealthAt[]
  sales: Sale[]
  notices: Notice[]
  /** Set by ctl frames; the page asks the server for the rest. */
  broadcastState: BroadcastState | null
}

export function emptyRoom(): RoomState {
  return {
    seq: 0, online: 0, viewersUv: 0, likes: 0, chat: [], bag: [], pitch: null, slowSeconds: 0, pinned: null, board: null, health: [], sales: [],
    notices: [], broadcastState: null,
  }
}

/** A snapshot replaces what frames build up, but keeps chat lines already on the page (a reconnect must not empty the list). */
export function takeSnapshot(state: RoomState, snapshot: Snapshot): void {
  state.seq = snapshot.seq
  state.online = snapshot.online
  state.viewersUv = snapshot.viewers_uv
  state.likes = snapshot.likes
  state.bag = snapshot.bag
  state.pitch = snapshot.pitch
  state.slowSeconds = snapshot.slow_mode_seconds
  state.pinned = snapshot.pinned ?? snapshot.chat.find((line) => line.pinned) ?? null
  addLines(state, snapshot.chat)
}

function addLines(state: RoomState, lines: readonly ChatEvent[]): void {
  const known = new Set(state.chat.slice(-CHAT_LINES_MAX).map((line) => line.id))
  const fresh = lines.filter((line) => !known.has(line.id))
  if (fresh.length > 0) state.chat = [...state.chat, ...fresh].slice(-CHAT_LINES_MAX)
}

function markPitching(state: RoomState, itemId: string | null): void {
  for (const item of state.bag) item.pitching = item.id === itemId
}

function putItem(state: RoomState, item: BagItem): void {
  const at = state.bag.findIndex((one) => one.id === item.id)
  if (at >= 0) state.bag[at] = item
  else state.bag.push(item)
}

/** Neighbouring ticks may swap places: an older one still brings its lines, but no figure of it counts any more. */
function applyTick(state: RoomState, frame: TickFrame): void {
  if (frame.chat.length > 0) addLines(state, frame.chat)
  if (frame.seq < state.seq) return
  state.seq = frame.seq
  state.online = frame.online
  state.viewersUv = frame.viewers_uv
  state.likes = frame.likes
  for (const [id, change] of Object.entries(frame.items ?? {})) {
    const item = state.bag.find((one) => one.id === id)
    if (item) Object.assign(item, change)
  }
}

function applyCtl(state: RoomState, frame: CtlFrame): void {
  switch (frame.kind) {
    case 'pitch.started':
      putItem(state, frame.item)
      state.pitch = frame.pitch
      return markPitching(state, frame.pitch.item_id)
    case 'pitch.ended':
      if (state.pitch?.item_id === frame.item_id) state.pitch = null
      return markPitching(state, state.pitch?.item_id ?? null)
    case 'bag.changed':
      state.bag = frame.bag
      return
    case 'item.changed':
      return putItem(state, frame.item)
    case 'chat.removed':
      state.chat = state.chat.filter((line) => line.id !== frame.id)
      return
    case 'chat.pinned':
      state.pinned = frame.line
      return
    case 'slow_mode':
      state.slowSeconds = frame.seconds
      return
    case 'broadcast.live':
      state.broadcastState = 'live'
      return
    case 'broadcast.ended':
      state.broadcastState = 'ended'
      state.pitch = null
      return markPitching(state, null)
    case 'playback.changed':
      return
  }
}

function applyCrew(state: RoomState, frame: CrewFrame, nowMs: number): void {
  if (frame.t === 'board') {
    const { t: _kind, ...board } = frame
    state.board = board
  } else if (frame.t === 'health') {
    const { t: _kind, ...health } = frame
    state.health = [...state.health, { at: nowMs, health }].slice(-HEALTH_READINGS_MAX)
  } else if (frame.t === 'sale') {
    state.sales = [{ ...frame, at: nowMs }, ...state.sales].slice(0, SALES_KEPT_MAX)
  } else {
    state.notices = [{ ...frame, at: nowMs }, ...state.notices].slice(0, NOTICES_KEPT_MAX)
  }
}

/** One frame of any of the room's subjects. */
export function applyFrame(state: RoomState, frame: RoomFrame, nowMs: number): void {
  if (frame.t === 'tick') applyTick(state, frame)
  else if (frame.t === 'ctl') applyCtl(state, frame)
  else applyCrew(state, frame, nowMs)
}

/** One visit to one room: loads it, listens, counts as present, and does what a viewer can do there. */
import { computed, onBeforeUnmount, reactive, ref, shallowRef } from 'vue'
import { api, ApiProblem, path, wordsOf } from '@/api/client'
import { Intention } from '@/api/intention'
import type { EnterSource, Entered, RoomPage, Snapshot } from '@/api/types'
import { RoomEvents, type EventsState } from '@/shared/roomEvents'
import { useMe } from '../me'
import { toast, toastProblem } from '../toast'
import { t } from '../words'
import { appendChat, confirmOwn, ownLine, removeLine } from './chatLog'
import { applyCtl, applySnapshot, applyTick, newRoomState } from './roomFrames'

const PRESENCE_MS = 10_000
const LIKES_MS = 1_000
const LIKES_PER_POST_MAX = 50
export const CHAT_CHARS_MAX = 100

export function useRoom(roomId: string, source: EnterSource) {
  const me = useMe()
  const state = reactive(newRoomState())
  const fault = shallowRef<unknown>(null)
  const events = ref<EventsState>('connecting')
  /** Rises with every burst of likes from the room, so that the hearts can follow. */
  const likesHeard = ref({ count: 0, at: 0 })
  const saying = new Intention()
  let watchId: string | null = null
  let likesToSend = 0
  let left = false

  const pitchItem = computed(() => state.bag.find((item) => item.id === state.pitch?.item_id) ?? null)
  const likesShown = computed(() => state.likes + state.likesAhead)
  const to = (rest: string): string => path`/api/rooms/${roomId}` + rest

  const listener = new RoomEvents({
    enter: () => api.post<Entered>(to('/enter'), { source }),
    snapshot: () => api.get<Snapshot>(to('/snapshot')),
    onEntered: (entered) => { watchId = entered.watch_id },
    onSnapshot: (snapshot) => applySnapshot(state, snapshot),
    onTick: (frame) => {
      const others = frame.likes_delta - state.likesAhead
      applyTick(state, frame)
      if (others > 0) likesHeard.value = { count: Math.min(others, 6), at: frame.seq }
    },
    onCtl: (frame) => { if (applyCtl(state, frame)) void loadPage().catch(() => undefined) },
    onState: (next) => { events.value = next },
    isFinal: (reason) => reason instanceof ApiProblem && (reason.status === 403 || reason.status === 404),
    onFinal: (reason) => { fault.value = reason; state.phase = 'failed' },
  })

  async function loadPage(): Promise<void> {
    const page = await api.get<RoomPage>(path`/api/rooms/${roomId}`)
    if (left) return
    const first = state.page === null
    state.page = page
    if (first) applySnapshot(state, page.snapshot)
    const broadcast = page.broadcast?.state
    state.phase = broadcast === 'live' ? 'live' : broadcast === 'ended' ? 'ended' : 'waiting'
  }

  async function start(): Promise<void> {
    state.phase = 'loading'
    fault.value = null
    try {
      await loadPage()
    } catch (reason) {
      if (left) return
      fault.value = reason
      state.phase = 'failed'
      return
    }
    if (!left) void listener.start()
  }

  const presence = setInterval(() => {
    if (watchId) void api.post(to('/presence'), { watch_id: watchId }).catch(() => undefined)
  }, PRESENCE_MS)

  const likes = setInterval(() => void sendLikes(), LIKES_MS)

  async function sendLikes(): Promise<void> {
    if (!watchId || likesToSend === 0) return
    const count = Math.min(likesToSend, LIKES_PER_POST_MAX)
    likesToSend -= count
    try {
      await api.post(to('/likes'), { watch_id: watchId, count }, { keepalive: true })
    } catch {
      state.likesAhead = Math.max(0, state.likesAhead - count) // a like that was not counted is not shown as counted
    }
  }

  function like(): void {
    likesToSend++
    state.likesAhead++
  }

  async function follow(): Promise<void> {
    const { page } = state
    if (!page) return
    const wanted = !page.following
    try {
      await me.withLogin(async () => {
        await (wanted ? api.post(to('/follow')) : api.delete(to('/follow')))
        if (page.following !== wanted) page.host.followers += wanted ? 1 : -1
        page.following = wanted
        toast(t(wanted ? 'room.followed' : 'room.unfollowed'))
      })
    } catch (reason) {
      toastProblem(reason)
    }
  }

  /** Returns words when the line was refused, so that the bar can give the text back. */
  async function say(text: string): Promise<string | null> {
    if (!(await me.ensure())) return ''
    const line = ownLine(me.person?.nickname ?? '', text, new Date().toISOString())
    state.chat = appendChat(state.chat, [line])
    try {
      const body = { text }
      const { id } = await saying.attempt(body, (key) => api.post<{ id: string }>(to('/chat'), body, { key }))
      state.chat = confirmOwn(state.chat, line.id, id)
      return null
    } catch (reason) {
      state.chat = removeLine(state.chat, line.id)
      return wordsOf(reason)
    }
  }

  async function askForPitch(itemId: string): Promise<boolean> {
    try {
      await api.post(to(path`/bag/${itemId}/pitch-requests`))
      toast(t('bag.asked'))
      return true
    } catch (reason) {
      if (reason instanceof ApiProblem && reason.signInNeeded && (await me.ensure())) return askForPitch(itemId)
      toastProblem(reason)
      return false
    }
  }

  const reported = new Set<string>()

  /** Figures of the live board: shown and clicked once a visit each; buying every time (the room hears of it). */
  function seen(shown: string[], clicked: string[] = [], buying?: string): void {
    const fresh = (kind: string, ids: string[]): string[] => ids.filter((id) => !reported.has(kind + id) && reported.add(kind + id))
    const body = { watch_id: watchId, shown: fresh('s', shown), clicked: fresh('c', clicked), ...(buying ? { buying } : {}) }
    if (!watchId || (!body.shown.length && !body.clicked.length && !buying)) return
    void api.post(to('/seen'), body, { keepalive: true }).catch(() => undefined)
  }

  const wake = (): void => { if (!document.hidden) listener.wake() }
  document.addEventListener('visibilitychange', wake)
  window.addEventListener('online', wake)
  onBeforeUnmount(() => {
    left = true
    void sendLikes()
    listener.stop()
    clearInterval(presence)
    clearInterval(likes)
    document.removeEventListener('visibilitychange', wake)
    window.removeEventListener('online', wake)
  })

  return { state, fault, events, pitchItem, likesShown, likesHeard, start, loadPage, like, follow, say, askForPitch, seen }
}

export type Room = ReturnType<typeof useRoom>

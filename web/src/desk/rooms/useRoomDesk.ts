import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, onBeforeUnmount, onMounted, reactive, ref, watch, type ComputedRef, type Ref } from 'vue'
import { Problem } from '../api/http'
import { stage } from '../api/stage'
import type { Broadcast, BroadcastState, ConsoleEntered, CrewFrame, Ingest, RoomPage, StreamHealth } from '../api/wire'
import { RoomEvents, type EventsState } from '@/shared/roomEvents'
import { session } from '../session'
import { READING_SECONDS_MAX, readHealth, type HealthReading } from './health'
import { applyFrame, emptyRoom, takeSnapshot, type RoomState } from './roomState'

/** While nothing comes over the wire, the board and the health are asked for this often. */
const POLL_MS = 5_000
const WINDOW_MS = 20_000

export interface RoomDesk {
  roomId: string
  state: RoomState
  page: Ref<RoomPage | undefined>
  broadcast: Ref<Broadcast | undefined>
  ingest: Ref<Ingest | undefined>
  broadcastId: ComputedRef<string | null>
  stateOf: ComputedRef<BroadcastState | null>
  role: ComputedRef<string | null>
  /** Host and runner: run the broadcast, the key and the crew. */
  leads: ComputedRef<boolean>
  /** Host, co-host and runner: put items into the bag, order them and pitch. */
  sells: ComputedRef<boolean>
  pending: Ref<boolean>
  fault: Ref<unknown>
  link: Ref<EventsState>
  publishing: ComputedRef<boolean>
  health: ComputedRef<StreamHealth | null>
  reading: ComputedRef<HealthReading>
  nowMs: Ref<number>
  secondsSince: (at: string | null) => number
  reload: () => Promise<void>
  takeIngest: (ingest: Ingest) => void
}

/** `nowMs` is the server's time as far as we know it, `localMs` this computer's. */
function useClock(): { nowMs: Ref<number>; localMs: Ref<number>; setSkew: (serverAt: string) => void } {
  const nowMs = ref(Date.now())
  const localMs = ref(Date.now())
  let skewMs = 0
  let timer = 0
  onMounted(() => {
    timer = window.setInterval(() => {
      localMs.value = Date.now()
      nowMs.value = localMs.value + skewMs
    }, 500)
  })
  onBeforeUnmount(() => clearInterval(timer))
  return {
    nowMs,
    localMs,
    setSkew(serverAt) {
      const skew = new Date(serverAt).getTime() - Date.now()
      // A computer a few seconds off would show pitches that began in the future; network delay alone is not worth correcting.
      skewMs = Math.abs(skew) > 1_500 ? skew : 0
      nowMs.value = Date.now() + skewMs
    },
  }
}

/** Everything that the console, the wall board and the host's view share about one room, live until the page is left. */
export function useRoomDesk(roomId: string): RoomDesk {
  const queries = useQueryClient()
  const state = reactive(emptyRoom()) as RoomState
  const link = ref<EventsState>('connecting')
  const fault = ref<unknown>(null)
  const entered = ref(false)
  const { nowMs, localMs, setSkew } = useClock()

  const page = useQuery({ queryKey: ['room', roomId], queryFn: () => stage.page(roomId) })
  const broadcastId = computed(() => page.data.value?.broadcast?.id ?? null)
  const broadcast = useQuery({
    queryKey: computed(() => ['broadcast', broadcastId.value] as const),
    queryFn: () => stage.one(broadcastId.value ?? ''),
    enabled: computed(() => broadcastId.value !== null),
    // Before the start the list of what is missing changes with every hand that works on it.
    refetchInterval: () => (state.broadcastState === 'live' || state.broadcastState === 'ended' ? false : POLL_MS),
  })
  const role = computed(() => {
    const grant = session.grants.value.find((one) => one.scope_kind === 'room' && one.scope_id === roomId)
    return grant?.role ?? page.data.value?.crew_role ?? null
  })
  const leads = computed(() => role.value === 'host' || role.value === 'runner')
  const sells = computed(() => leads.value || role.value === 'cohost')
  const ingest = useQuery({
    queryKey: ['ingest', roomId], queryFn: () => stage.ingest(roomId), enabled: leads,
    refetchInterval: () => (Date.now() - (state.health.at(-1)?.at ?? 0) > READING_SECONDS_MAX * 1000 ? POLL_MS : 30_000),
  })

  async function reload(): Promise<void> {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['room', roomId] }),
      queries.invalidateQueries({ queryKey: ['broadcast'] }),
      queries.invalidateQueries({ queryKey: ['console-rooms'] }),
    ])
    const snapshot = await stage.snapshot(roomId).catch(() => null)
    if (snapshot) takeSnapshot(state, snapshot)
  }

  const events = new RoomEvents({
    enter: async () => {
      const door: ConsoleEntered = await stage.enterConsole(roomId)
      if (door.board) state.board = door.board
      return { watch_id: '', events: door.events, snapshot: door.snapshot }
    },
    snapshot: () => stage.snapshot(roomId),
    onSnapshot: (snapshot) => {
      entered.value = true
      fault.value = null
      setSkew(snapshot.at)
      takeSnapshot(state, snapshot)
    },
    onTick: (frame) => applyFrame(state, frame, Date.now()),
    onCtl: (frame) => {
      applyFrame(state, frame, Date.now())
      if (frame.kind.startsWith('broadcast.') || frame.kind === 'playback.changed') void reload()
    },
    onOther: (frame) => applyFrame(state, frame as unknown as CrewFrame, Date.now()),
    onState: (next) => (link.value = next),
    isFinal: (reason) => reason instanceof Problem && [401, 403, 404].includes(reason.status),
    onFinal: (reason) => (fault.value = reason),
  })

  let poll = 0
  onMounted(() => {
    void events.start()
    addEventListener('online', wake)
    poll = window.setInterval(() => {
      if (link.value !== 'live' && entered.value) void catchUp()
    }, POLL_MS)
  })
  onBeforeUnmount(() => {
    removeEventListener('online', wake)
    clearInterval(poll)
    events.stop()
  })
  const wake = (): void => events.wake()

  /** The event line is down but HTTP may well answer: figures stay true, only slower. */
  async function catchUp(): Promise<void> {
    const [snapshot, board] = await Promise.allSettled([stage.snapshot(roomId), broadcastId.value ? stage.board(broadcastId.value) : Promise.resolve(null)])
    if (snapshot.status === 'fulfilled') takeSnapshot(state, snapshot.value)
    if (board.status === 'fulfilled' && board.value) state.board = board.value
  }

  watch(() => broadcast.data.value?.state, (known) => {
    if (known) state.broadcastState = known
  })

  // Another broadcast begins with an empty page: the lines and sales of the last one are not its own.
  watch(broadcastId, (now, was) => {
    if (was === null || now === null || now === was) return
    state.chat = []
    state.sales = []
    state.pinned = null
    state.broadcastState = null
  })

  const stateOf = computed(() => (broadcastId.value ? (state.broadcastState ?? page.data.value?.broadcast?.state ?? null) : null))
  const last = computed(() => state.health.at(-1) ?? null)
  const fresh = computed(() => last.value !== null && localMs.value - last.value.at < READING_SECONDS_MAX * 1000)
  const health = computed<StreamHealth | null>(() => (fresh.value ? (last.value?.health ?? null) : (ingest.data.value?.health ?? null)))
  const publishing = computed(() => (fresh.value ? health.value?.publishing !== false : (ingest.data.value?.publishing ?? false)))
  const before = computed(() => state.health.find((one) => one.at >= (last.value?.at ?? 0) - WINDOW_MS)?.health ?? null)
  const reading = computed(() => readHealth(health.value, before.value, publishing.value, stateOf.value === 'live'))
  const pending = computed(() => page.isPending.value || (!entered.value && !fault.value))

  return {
    roomId, state, page: page.data, broadcast: broadcast.data, ingest: ingest.data, broadcastId, role, leads, sells, pending, link, publishing, health, reading, nowMs,
    reload,
    stateOf,
    fault: computed(() => fault.value ?? page.error.value),
    secondsSince: (at) => (at ? Math.max(0, (nowMs.value - new Date(at).getTime()) / 1000) : 0),
    takeIngest: (next) => queries.setQueryData(['ingest', roomId], next),
  }
}

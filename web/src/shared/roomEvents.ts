/**
 * What happens in a room, as it happens: subscribes to the room's frames, notices gaps, reconnects with jitter, renews
 * the token before it expires. The page hands in how to enter, how to take a snapshot, and what to do with each.
 */
import type { CtlFrame, Entered, EventsAccess, Snapshot, TickFrame } from '@/api/types'
import { connectNats, type NatsConnection, type NatsMessage, type NatsOptions } from './nats'
import { Sequence } from './sequence'

export type EventsState = 'connecting' | 'live' | 'reconnecting'
type Sequenced = TickFrame | CtlFrame

export interface RoomEventsOptions {
  enter: () => Promise<Entered>
  snapshot: () => Promise<Snapshot>
  onEntered?: (entered: Entered) => void
  onSnapshot: (snapshot: Snapshot) => void
  onTick: (frame: TickFrame) => void
  onCtl: (frame: CtlFrame) => void
  /** Frames of other subjects (the crew's), already parsed; they carry no sequence. */
  onOther?: (frame: { t: string; [member: string]: unknown }) => void
  onState: (state: EventsState) => void
  /** The server refuses this viewer for good (room gone, cut off): no further attempt. */
  isFinal?: (fault: unknown) => boolean
  onFinal?: (fault: unknown) => void
  connect?: (options: NatsOptions) => Promise<NatsConnection>
  random?: () => number
}

const GAP_GRACE_MS = 400
/** A gap is usually everyone's gap (one dropped frame at the owner): spread the snapshots. */
const SNAPSHOT_JITTER_MS = 1200
const BACKOFF_MS_MAX = 15_000
const RENEW_BEFORE_MS = 60_000
const RECENT_MAX = 60
const decoder = new TextDecoder()

/** Full jitter: anywhere between 0.3 s and the exponential ceiling, so that a herd does not return in step. */
export function backoffMs(attempt: number, random: () => number): number {
  return 300 + random() * (Math.min(BACKOFF_MS_MAX, 500 * 2 ** attempt) - 300)
}

export class RoomEvents {
  private readonly sequence = new Sequence()
  private readonly random: () => number
  private readonly connect: (options: NatsOptions) => Promise<NatsConnection>
  private connection: NatsConnection | null = null
  private access: EventsAccess | null = null
  private recent: Sequenced[] = []
  private timers = new Map<'gap' | 'retry' | 'renew', ReturnType<typeof setTimeout>>()
  private attempt = 0
  private round = 0
  private stopped = false
  private fetching = false
  private restarted = false

  constructor(private readonly options: RoomEventsOptions) {
    this.random = options.random ?? Math.random
    this.connect = options.connect ?? connectNats
  }

  async start(): Promise<void> {
    this.stopped = false
    this.options.onState('connecting')
    await this.open(true)
  }

  stop(): void {
    this.stopped = true
    this.round++
    this.timers.forEach((timer) => clearTimeout(timer))
    this.timers.clear()
    this.connection?.close()
    this.connection = null
  }

  /** The page has come back to the front or the network is back: do not wait for the timer. */
  wake(): void {
    if (this.stopped || !this.timers.has('retry')) return
    this.attempt = 0
    this.later('retry', 0, () => void this.open(false))
  }

  private later(name: 'gap' | 'retry' | 'renew', ms: number, run: () => void): void {
    clearTimeout(this.timers.get(name))
    this.timers.set(name, setTimeout(() => { this.timers.delete(name); run() }, ms))
  }

  private stale(): boolean {
    return !this.access || new Date(this.access.expires_at).getTime() - Date.now() < RENEW_BEFORE_MS / 2
  }

  /** Enter where the token is missing or old, connect, and only then replace the connection there was. */
  private async open(enterAnew: boolean): Promise<void> {
    const round = ++this.round
    try {
      let fresh: Snapshot | null = null
      if (enterAnew || this.stale()) {
        const entered = await this.options.enter()
        if (this.gone(round)) return
        this.access = entered.events
        fresh = entered.snapshot
        this.options.onEntered?.(entered)
        this.take(fresh)
      }
      const connection = await this.connect(this.target(round))
      if (this.gone(round)) return connection.close()
      this.connection?.close()
      this.connection = connection
      this.attempt = 0
      this.options.onState('live')
      this.planRenewal()
      // Frames between the snapshot and the subscription are lost unless we look once more.
      await this.refetch()
    } catch (fault) {
      if (!this.gone(round)) this.failed(fault)
    }
  }

  private gone(round: number): boolean {
    return this.stopped || round !== this.round
  }

  private target(round: number): NatsOptions {
    const { url, jwt, subjects } = this.access!
    return {
      url, jwt, subjects,
      onMessage: (message) => { if (!this.gone(round)) this.receive(message) },
      onClose: (reason) => { if (!this.gone(round)) { this.connection = null; this.failed(new Error(reason)) } },
    }
  }

  private failed(fault: unknown): void {
    if (this.options.isFinal?.(fault)) {
      this.stop()
      this.options.onFinal?.(fault)
      return
    }
    // A refused token is not worth a second try; everything else is.
    if (fault instanceof Error && /authori[sz]ation|authentication|expired|revoked/i.test(fault.message)) this.access = null
    this.options.onState('reconnecting')
    this.later('retry', backoffMs(this.attempt++, this.random), () => void this.open(false))
  }

  private planRenewal(): void {
    const left = new Date(this.access!.expires_at).getTime() - Date.now()
    this.later('renew', Math.max(5_000, left - RENEW_BEFORE_MS * (0.6 + this.random() * 0.4)), () => void this.open(true))
  }

  private receive(message: NatsMessage): void {
    let frame: { t?: unknown; seq?: unknown }
    try {
      frame = JSON.parse(decoder.decode(message.data)) as { t?: unknown; seq?: unknown }
    } catch {
      return // a frame that is no JSON says nothing; its number will be missed and a snapshot taken
    }
    if (frame.t === 'tick' || frame.t === 'ctl') this.offer(frame as Sequenced)
    else if (typeof frame.t === 'string') this.options.onOther?.(frame as { t: string })
  }

  private offer(frame: Sequenced): void {
    const verdict = this.sequence.accept(frame.seq)
    if (verdict === 'drop') return
    this.recent = [...this.recent.slice(1 - RECENT_MAX), frame]
    if (verdict === 'apply') this.apply(frame)
    if (verdict === 'restart') this.restarted = true
    if (this.restarted || this.sequence.gap) this.askAgain()
  }

  private apply(frame: Sequenced): void {
    if (frame.t === 'tick') this.options.onTick(frame)
    else this.options.onCtl(frame)
  }

  private askAgain(): void {
    if (this.timers.has('gap') || this.fetching) return
    this.later('gap', GAP_GRACE_MS + this.random() * SNAPSHOT_JITTER_MS, () => {
      if (this.sequence.gap || this.restarted) void this.refetch().catch(() => this.askAgain())
    })
  }

  private async refetch(): Promise<void> {
    this.fetching = true
    try {
      const snapshot = await this.options.snapshot()
      if (!this.stopped) this.take(snapshot)
    } finally {
      this.fetching = false
    }
  }

  /** A snapshot replaces the state; frames that are newer than it are applied once more on top. */
  private take(snapshot: Snapshot): void {
    this.sequence.reset(snapshot.seq)
    this.restarted = false
    this.options.onSnapshot(snapshot)
    const newer = this.recent.filter((f) => f.seq > snapshot.seq && f.at >= snapshot.at).sort((a, b) => a.seq - b.seq)
    this.recent = []
    for (const frame of newer) {
      if (this.sequence.accept(frame.seq) === 'apply') {
        this.recent.push(frame)
        this.apply(frame)
      }
    }
    if (this.sequence.gap) this.askAgain()
  }
}

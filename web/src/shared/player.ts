/**
 * Plays one live stream in one <video>.
 *
 * LL-HLS is the first choice (about 1 s behind, goes through any CDN): hls.js where Media Source exists, the browser's own
 * player on iOS. HTTP-FLV (about 0.6 s behind) is the viewer's low-delay choice and the fallback. Both libraries are
 * fetched only when they are used. A stream that stands still is nudged, then loaded anew, then tried on the other line.
 */
import type Hls from 'hls.js'
import type Mpegts from 'mpegts.js'
import type { Playback } from '@/api/types'

export type Line = 'hls' | 'flv'
export type LineChoice = 'auto' | Line
export type PlayerState = 'loading' | 'playing' | 'stalled' | 'lost'

export interface PlayerOptions {
  video: HTMLVideoElement
  playback: Playback
  choice: LineChoice
  onState: (state: PlayerState) => void
  onLine: (line: Line) => void
}

const STALL_MS = 4_000
const BEHIND_SECONDS_MAX = 6
const RETRY_MS = [1_000, 2_000, 4_000, 8_000] as const

function hasMediaSource(): boolean {
  return typeof MediaSource !== 'undefined' || 'ManagedMediaSource' in globalThis
}

/** iPhones and iPads play LL-HLS themselves, better than any script can. */
function playsHlsItself(video: HTMLVideoElement): boolean {
  const apple = /iP(hone|ad|od)/.test(navigator.userAgent) || (navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1)
  return (apple || !hasMediaSource()) && video.canPlayType('application/vnd.apple.mpegurl') !== ''
}

/** The lines this browser can play, the preferred first. */
export function linesFor(choice: LineChoice, mediaSource: boolean, native: boolean): Line[] {
  const able: Line[] = []
  if (mediaSource || native) able.push('hls')
  if (mediaSource && !native) able.push('flv')
  return choice === 'flv' && able.includes('flv') ? ['flv', 'hls'] : able
}

export class LivePlayer {
  private hls: Hls | null = null
  private flv: Mpegts.Player | null = null
  private lines: Line[]
  private failures = 0
  private round = 0
  private movedAt = Date.now()
  private lastTime = -1
  private state: PlayerState = 'loading'
  private retry: ReturnType<typeof setTimeout> | undefined
  private readonly watch: ReturnType<typeof setInterval>
  private readonly whenVisible = (): void => { if (!document.hidden) this.catchUp(BEHIND_SECONDS_MAX / 2) }

  constructor(private readonly options: PlayerOptions) {
    this.lines = this.linesNow()
    this.watch = setInterval(() => this.look(), 1_000)
    document.addEventListener('visibilitychange', this.whenVisible)
    void this.load()
  }

  /** The line in use. */
  get line(): Line {
    return this.lines[0] ?? 'hls'
  }

  /** Seconds behind the newest picture we have, or null before the first one. */
  get bufferedSeconds(): number | null {
    const { buffered, currentTime } = this.options.video
    return buffered.length ? Math.max(0, buffered.end(buffered.length - 1) - currentTime) : null
  }

  choose(choice: LineChoice): void {
    this.options.choice = choice
    this.lines = this.linesNow()
    this.failures = 0
    void this.load()
  }

  /** The publisher is back or the addresses changed. */
  reload(playback: Playback): void {
    this.options.playback = playback
    this.failures = 0
    void this.load()
  }

  destroy(): void {
    this.round++
    clearInterval(this.watch)
    clearTimeout(this.retry)
    document.removeEventListener('visibilitychange', this.whenVisible)
    this.unload()
  }

  private linesNow(): Line[] {
    return linesFor(this.options.choice, hasMediaSource(), playsHlsItself(this.options.video))
  }

  private tell(state: PlayerState): void {
    if (this.state === state) return
    this.state = state
    this.options.onState(state)
  }

  private unload(): void {
    this.hls?.destroy()
    this.flv?.destroy()
    this.hls = null
    this.flv = null
    const { video } = this.options
    if (video.hasAttribute('src')) {
      video.removeAttribute('src')
      video.load()
    }
  }

  private async load(): Promise<void> {
    const round = ++this.round
    clearTimeout(this.retry)
    this.unload()
    this.movedAt = Date.now()
    this.lastTime = -1
    if (this.state !== 'lost') this.tell('loading')
    const { line } = this
    this.options.onLine(line)
    try {
      if (line === 'flv') await this.loadFlv(round)
      else await this.loadHls(round)
      if (round === this.round) await this.options.video.play()
    } catch (fault) {
      // AbortError: a newer load has replaced this one. NotAllowedError: the page asks for a tap.
      const name = fault instanceof DOMException ? fault.name : ''
      if (round === this.round && name !== 'AbortError' && name !== 'NotAllowedError') this.fail(round)
    }
  }

  private async loadHls(round: number): Promise<void> {
    const { video, playback } = this.options
    if (playsHlsItself(video)) {
      video.src = playback.hls_url
      video.onerror = () => this.fail(round)
      return
    }
    const { default: HlsLight } = await import('hls.js/light')
    if (round !== this.round) return
    // No liveSyncDuration(Count) here: either would override the part hold-back that the playlist asks for.
    const hls = new HlsLight({
      lowLatencyMode: true, backBufferLength: 8, maxBufferLength: 8, maxLiveSyncPlaybackRate: 1.15,
      // By default every stall adds a second of delay for good; so it is won back in about ten seconds.
      liveSyncOnStallIncrease: 0.2,
      manifestLoadPolicy: { default: { maxTimeToFirstByteMs: 8_000, maxLoadTimeMs: 12_000, timeoutRetry: null, errorRetry: null } },
    })
    this.hls = hls
    let repaired = false
    hls.on(HlsLight.Events.ERROR, (_event, data) => {
      if (!data.fatal || round !== this.round) return
      if (data.type === HlsLight.ErrorTypes.MEDIA_ERROR && !repaired) {
        repaired = true
        hls.recoverMediaError()
      } else {
        this.fail(round)
      }
    })
    hls.loadSource(playback.hls_url)
    hls.attachMedia(video)
  }

  private async loadFlv(round: number): Promise<void> {
    const { default: mpegts } = await import('mpegts.js')
    if (round !== this.round) return
    mpegts.LoggingControl.applyConfig({ enableAll: false, enableError: true })
    const flv = mpegts.createPlayer(
      { type: 'flv', isLive: true, url: new URL(this.options.playback.flv_url, location.href).href },
      { enableWorker: false, enableStashBuffer: false, liveSync: true, liveSyncMaxLatency: 0.8, liveSyncTargetLatency: 0.5, liveSyncPlaybackRate: 1.12, autoCleanupSourceBuffer: true },
    )
    this.flv = flv
    flv.on(mpegts.Events.ERROR, () => this.fail(round))
    flv.on(mpegts.Events.LOADING_COMPLETE, () => this.fail(round))
    flv.attachMediaElement(this.options.video)
    flv.load()
  }

  /** Two tries on a line, then two on the other; the wait grows; the page shows the cover meanwhile. */
  private fail(round: number): void {
    if (round !== this.round) return
    this.round++
    this.failures++
    this.unload()
    if (this.failures % 2 === 0) this.lines.push(...this.lines.splice(0, 1))
    this.tell(this.failures >= 2 ? 'lost' : 'stalled')
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1] ?? 8_000
    this.retry = setTimeout(() => void this.load(), wait * (0.8 + Math.random() * 0.4))
  }

  /** Once a second: has the picture moved? Are we too far behind? */
  private look(): void {
    const { video } = this.options
    if (video.currentTime !== this.lastTime) {
      if (this.lastTime >= 0 && video.currentTime > 0) {
        this.failures = 0
        this.tell('playing')
      }
      this.lastTime = video.currentTime
      this.movedAt = Date.now()
      this.catchUp(BEHIND_SECONDS_MAX)
      return
    }
    if (document.hidden || (!this.hls && !this.flv && !video.src)) return
    const still = Date.now() - this.movedAt
    if (video.paused && video.readyState >= 2) {
      void video.play().catch(() => undefined)
    } else if (still > STALL_MS * 2) {
      this.fail(this.round)
    } else if (still > STALL_MS && this.state === 'playing') {
      this.tell('stalled')
      this.catchUp(0.3)
      this.hls?.startLoad()
    }
  }

  /** Jump to the newest picture when more than `seconds` behind it; smaller delays are made up by playing faster. */
  private catchUp(seconds: number): void {
    const { video } = this.options
    const behind = this.bufferedSeconds
    const edge = this.hls?.liveSyncPosition
    if (edge && edge - video.currentTime > seconds) video.currentTime = edge
    else if (!this.hls && behind !== null && behind > seconds) video.currentTime += behind - 0.5
  }
}

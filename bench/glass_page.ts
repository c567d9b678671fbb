/**
 * The page of the glass-to-glass benchmark: the client's own player, and a reader of the clock in the picture.
 *
 * `measure` plays one stream, waits until the player has settled, then reads the displayed picture every 100 ms and returns how
 * old it was each time, in milliseconds; null where no clock could be read.
 */
import { LivePlayer, type Line } from '../web/src/shared/player'

/** Where the clock's squares are, in a picture of width x height; see kaibo.demo.films.clock. */
interface Clock {
  width: number
  height: number
  bits: [x: number, y: number][]
  bright: [x: number, y: number]
  dark: [x: number, y: number]
}

interface Asked {
  line: Line
  hlsUrl: string
  flvUrl: string
  clock: Clock
  settleSeconds: number
  seconds: number
}

interface Told {
  ages: (number | null)[]
  lines: Line[]
  states: string[]
}

const SAMPLE_MS = 100
const START_SECONDS_MAX = 30

const sleep = (ms: number): Promise<void> => new Promise(done => { setTimeout(done, ms) })

function reader(video: HTMLVideoElement, clock: Clock): () => number | null {
  const canvas = document.createElement('canvas')
  canvas.width = clock.width
  canvas.height = clock.height
  const brush = canvas.getContext('2d', { willReadFrequently: true })
  if (!brush) throw new Error('no 2d canvas')
  return () => {
    brush.drawImage(video, 0, 0, clock.width, clock.height)
    const now = Date.now()
    const { data } = brush.getImageData(0, 0, clock.width, clock.height)
    const luma = ([x, y]: [number, number]): number => {
      const at = (y * clock.width + x) * 4
      return 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0)
    }
    if (luma(clock.bright) < 160 || luma(clock.dark) > 96) return null
    const shown = clock.bits.reduce((value, bit) => value * 2 + (luma(bit) > 127 ? 1 : 0), 0)
    const range = 2 ** clock.bits.length
    const age = (((now - shown) % range) + range) % range
    return age > range / 2 ? age - range : age
  }
}

async function measure(asked: Asked): Promise<Told> {
  const video = document.querySelector('video')
  if (!video) throw new Error('the page has no video')
  const told: Told = { ages: [], lines: [], states: [] }
  const player = new LivePlayer({
    video,
    playback: { hls_url: asked.hlsUrl, flv_url: asked.flvUrl } as never,
    choice: asked.line,
    onState: state => told.states.push(state),
    onLine: line => told.lines.push(line),
  })
  const began = performance.now()
  while (video.currentTime === 0 || video.readyState < 2) {
    if (performance.now() - began > START_SECONDS_MAX * 1000) throw new Error(`no picture; states: ${told.states.join(', ')}`)
    await sleep(50)
  }
  await sleep(asked.settleSeconds * 1000)
  const read = reader(video, asked.clock)
  const until = performance.now() + asked.seconds * 1000
  while (performance.now() < until) {
    told.ages.push(read())
    await sleep(SAMPLE_MS)
  }
  player.destroy()
  return told
}

Object.assign(window, { measure })

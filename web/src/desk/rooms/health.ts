/** Turns stream figures into what a crew can act on. Pure: no clock, no words, only keys of words. */
import type { StreamHealth } from '../api/wire'

export type HealthLevel = 'off' | 'good' | 'warn' | 'bad'
export interface HealthNote { key: string; level: 'warn' | 'bad'; facts: Record<string, number> }
export interface HealthReading { level: HealthLevel; notes: HealthNote[] }

export const BITRATE_KBPS_LOW = 800
export const BITRATE_KBPS_BAD = 300
export const FPS_LOW = 18
export const DELAY_MS_LATE = 1_000
export const DELAY_MS_BAD = 3_000
export const KEYFRAME_SECONDS_LONG = 4.5
/** Frames missing within the last readings (about 20 seconds) that viewers notice. */
export const DROPPED_FRAMES_SEEN = 5
export const DROPPED_FRAMES_BAD = 60
/** Readings come every two seconds; three missing ones mean that nothing arrives any more. */
export const READING_SECONDS_MAX = 8

function rule(value: number | null | undefined, bad: (v: number) => boolean, warn: (v: number) => boolean): 'bad' | 'warn' | null {
  if (value === null || value === undefined) return null
  return bad(value) ? 'bad' : warn(value) ? 'warn' : null
}

/** `before` is a reading of about 20 seconds ago (null when there is none): dropped frames are judged by their growth. A live broadcast must be recorded. */
export function readHealth(now: StreamHealth | null, before: StreamHealth | null, publishing: boolean, mustRecord = false): HealthReading {
  if (!publishing || now === null) return { level: 'off', notes: [] }
  const notes: HealthNote[] = []
  const note = (key: string, level: 'bad' | 'warn' | null, facts: Record<string, number>): void => {
    if (level) notes.push({ key, level, facts })
  }
  const kbps = now.bitrate_kbps ?? null
  note('bitrate', rule(kbps, (v) => v < BITRATE_KBPS_BAD, (v) => v < BITRATE_KBPS_LOW), { kbps: Math.round(kbps ?? 0) })
  note('fps', rule(now.fps, (v) => v < FPS_LOW / 2, (v) => v < FPS_LOW), { fps: Math.round(now.fps ?? 0) })
  const grown = Math.max(0, (now.dropped_frames ?? 0) - (before?.dropped_frames ?? now.dropped_frames ?? 0))
  note('dropped', rule(grown, (v) => v >= DROPPED_FRAMES_BAD, (v) => v >= DROPPED_FRAMES_SEEN), { frames: grown })
  note('delay', rule(now.delay_ms, (v) => v >= DELAY_MS_BAD, (v) => v >= DELAY_MS_LATE), { seconds: Math.round((now.delay_ms ?? 0) / 100) / 10 })
  note('gop', rule(now.keyframe_seconds, () => false, (v) => v > KEYFRAME_SECONDS_LONG), { seconds: Math.round((now.keyframe_seconds ?? 0) * 10) / 10 })
  if (mustRecord && now.recording === false) note('recording', 'bad', {})
  const level = notes.some((one) => one.level === 'bad') ? 'bad' : notes.length > 0 ? 'warn' : 'good'
  return { level, notes }
}

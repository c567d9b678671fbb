import { describe, expect, it } from 'vitest'
import { readHealth } from './health'

const fine = { publishing: true, bitrate_kbps: 2500, fps: 30, dropped_frames: 4, delay_ms: 40, keyframe_seconds: 2, recording: true }

describe('stream health in plain words', () => {
  it('says nothing about a good stream', () => {
    expect(readHealth(fine, fine, true, true)).toEqual({ level: 'good', notes: [] })
  })

  it('is off without a publisher, whatever the last figures were', () => {
    expect(readHealth(fine, null, false).level).toBe('off')
    expect(readHealth(null, null, true).level).toBe('off')
  })

  it('judges dropped frames by their growth, not by their sum', () => {
    const old = { ...fine, dropped_frames: 4000 }
    expect(readHealth(old, old, true).level).toBe('good')
    expect(readHealth({ ...fine, dropped_frames: 14 }, fine, true).notes).toEqual([{ key: 'dropped', level: 'warn', facts: { frames: 10 } }])
    expect(readHealth({ ...fine, dropped_frames: 104 }, fine, true).level).toBe('bad')
    // A new publisher starts counting at zero.
    expect(readHealth({ ...fine, dropped_frames: 0 }, old, true).level).toBe('good')
  })

  it('names each fault, and the worst one decides', () => {
    const reading = readHealth({ ...fine, bitrate_kbps: 200, fps: 12, delay_ms: 3500, keyframe_seconds: 8 }, fine, true)
    expect(reading.notes.map((note) => note.key)).toEqual(['bitrate', 'fps', 'delay', 'gop'])
    expect(reading.level).toBe('bad')
  })

  it('wants a recording only of a live broadcast', () => {
    const unrecorded = { ...fine, recording: false }
    expect(readHealth(unrecorded, fine, true, false).level).toBe('good')
    expect(readHealth(unrecorded, fine, true, true).notes[0]?.key).toBe('recording')
  })

  it('does not complain about figures that were not measured', () => {
    expect(readHealth({ publishing: true }, null, true).level).toBe('good')
  })
})

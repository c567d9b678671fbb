/** How much of the ship deadline is left. Pure; times in milliseconds since the epoch. */
export type DeadlineTone = 'calm' | 'soon' | 'late'
export interface Deadline { tone: DeadlineTone; hours: number; minutes: number }

/** The last six hours are shown as urgent. */
export const SOON_MS = 6 * 3_600_000

export function deadlineOf(shipBefore: string | null, nowMs: number): Deadline | null {
  if (!shipBefore) return null
  const leftMs = new Date(shipBefore).getTime() - nowMs
  if (Number.isNaN(leftMs)) return null
  const minutes = Math.floor(Math.abs(leftMs) / 60_000)
  return { tone: leftMs < 0 ? 'late' : leftMs < SOON_MS ? 'soon' : 'calm', hours: Math.floor(minutes / 60), minutes: minutes % 60 }
}

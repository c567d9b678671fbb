/**
 * Is anything missing? Ticks and controls of one room share one sequence; they may come from two publishers, so that
 * neighbours can swap places for a moment without anything being lost.
 */

export type Verdict = 'apply' | 'drop' | 'restart'

/** A frame this far behind is no straggler: the numbering has begun anew (the room has a new owner). */
const RESTART_DISTANCE = 50
/** A jump this wide is not worth remembering number by number. */
const GAP_MAX = 200

export class Sequence {
  private last = -1
  private missing = new Set<number>()

  /** A snapshot holds everything up to and including `seq`. */
  reset(seq: number): void {
    this.last = seq
    this.missing.clear()
  }

  accept(seq: number): Verdict {
    if (seq > this.last) {
      if (this.last >= 0 && seq - this.last > GAP_MAX) return 'restart'
      for (let lost = this.last + 1; this.last >= 0 && lost < seq; lost++) this.missing.add(lost)
      this.last = seq
      return 'apply'
    }
    if (this.missing.delete(seq)) return 'apply'
    return this.last - seq > RESTART_DISTANCE ? 'restart' : 'drop'
  }

  /** True while numbers are outstanding: wait a moment for stragglers, then take a snapshot. */
  get gap(): boolean {
    return this.missing.size > 0
  }
}

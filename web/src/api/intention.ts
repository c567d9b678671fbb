/**
 * One intention, one Idempotency-Key.
 *
 * A person who taps 提交订单, loses the network and taps again means the same order: the key stays while the body stays.
 * A changed body is another intention; so is the next tap after the server has answered.
 */
import { ApiProblem } from './problem'

export class Intention {
  private current: { key: string; body: string } | null = null

  /** The key for this body: the same as last time until `done()` or until the body differs. */
  keyFor(body: unknown): string {
    const text = JSON.stringify(body) ?? ''
    if (this.current?.body !== text) this.current = { key: randomKey(), body: text }
    return this.current.key
  }

  done(): void {
    this.current = null
  }

  /** Run one attempt. The key survives only where the outcome is unknown: no answer, or a fault of the server. */
  async attempt<T>(body: unknown, run: (key: string) => Promise<T>): Promise<T> {
    const key = this.keyFor(body)
    try {
      const answer = await run(key)
      this.done()
      return answer
    } catch (reason) {
      const unknown = !(reason instanceof ApiProblem) || reason.offline || reason.status >= 500 || reason.status === 429
      if (!unknown) this.done()
      throw reason
    }
  }
}

/** 32 hex characters; crypto.randomUUID exists only in secure contexts and a phone on a LAN address has none. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

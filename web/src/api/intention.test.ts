import { describe, expect, it } from 'vitest'
import { Intention, randomKey } from './intention'
import { ApiProblem } from './problem'

const body = { sku: 's1', quantity: 1 }

async function keysOf(intention: Intention, bodies: unknown[], outcome: (i: number) => unknown): Promise<string[]> {
  const keys: string[] = []
  for (const [i, b] of bodies.entries()) {
    await intention.attempt(b, (key) => {
      keys.push(key)
      const fault = outcome(i)
      return fault ? Promise.reject(fault as Error) : Promise.resolve('ok')
    }).catch(() => undefined)
  }
  return keys
}

describe('Intention', () => {
  it('keeps its key while nobody knows the outcome', async () => {
    const faults = [new ApiProblem(0, { code: 'web.offline' }), new ApiProblem(503, {}), new ApiProblem(429, {}), new TypeError('x'), null]
    const keys = await keysOf(new Intention(), [body, body, body, body, body], (i) => faults[i])
    expect(new Set(keys).size).toBe(1)
  })

  it('takes a new key after success', async () => {
    const [first, second] = await keysOf(new Intention(), [body, body], () => null)
    expect(first).not.toBe(second)
  })

  it('takes a new key after a refusal, which a retry cannot change', async () => {
    const [first, second] = await keysOf(new Intention(), [body, body], () => new ApiProblem(422, { code: 'goods.out_of_stock' }))
    expect(first).not.toBe(second)
  })

  it('takes a new key when the body is another', async () => {
    const [first, second] = await keysOf(new Intention(), [body, { ...body, quantity: 2 }], () => new ApiProblem(0, {}))
    expect(first).not.toBe(second)
  })

  it('makes keys the server accepts: 1 to 64 characters, never the same', () => {
    const keys = Array.from({ length: 100 }, randomKey)
    expect(new Set(keys).size).toBe(100)
    expect(keys.every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true)
  })
})

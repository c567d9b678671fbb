import { afterEach, describe, expect, it, vi } from 'vitest'
import { api, ApiProblem, keepCsrf, path } from './client'

function answering(status: number, body: unknown, headers: Record<string, string> = { 'Content-Type': 'application/problem+json' }) {
  const fetched = vi.fn((_to: string, _init: RequestInit) => Promise.resolve(new Response(status === 204 ? null : typeof body === 'string' ? body : JSON.stringify(body), { status, headers })))
  vi.stubGlobal('fetch', fetched)
  return fetched
}

afterEach(() => vi.unstubAllGlobals())

describe('api', () => {
  it('sends the CSRF token and the key with a write, and neither with a read', async () => {
    keepCsrf('token')
    const fetched = answering(200, {})
    await api.post('/api/orders', { a: 1 }, { key: 'k1' })
    await api.get('/api/orders', { query: { state: 'paid', cursor: null } })
    const [write, read] = fetched.mock.calls.map(([to, init]) => ({ to, headers: init.headers as Record<string, string> }))
    expect(write!.headers).toMatchObject({ 'X-CSRF-Token': 'token', 'Idempotency-Key': 'k1', 'Content-Type': 'application/json' })
    expect(read!.to).toBe('/api/orders?state=paid')
    expect(read!.headers).not.toHaveProperty('X-CSRF-Token')
  })

  it('repeats the name of a list', async () => {
    const fetched = answering(200, {})
    await api.get('/api/orders', { query: { state: ['refunding', 'refunded'], limit: 20 } })
    expect(fetched.mock.calls[0]![0]).toBe('/api/orders?state=refunding&state=refunded&limit=20')
  })

  it('turns a problem document into its words and facts', async () => {
    answering(422, { code: 'goods.out_of_stock', detail: '库存不足，仅剩 1 件', left: 1, errors: [{ path: 'lines.0.quantity', code: 'x', message: '太多' }] })
    const problem = await api.post('/api/orders', {}).catch((reason: unknown) => reason as ApiProblem)
    expect(problem).toBeInstanceOf(ApiProblem)
    expect(problem).toMatchObject({ code: 'goods.out_of_stock', message: '库存不足，仅剩 1 件', unexpected: false })
    expect((problem as ApiProblem).integer('left')).toBe(1)
    expect((problem as ApiProblem).fieldMessage('quantity')).toBe('太多')
  })

  it('keeps the request id of an answer that is no problem document', async () => {
    answering(502, '<html>', { 'Content-Type': 'text/html', 'X-Request-Id': 'r-7' })
    const problem = await api.get('/api/me').catch((reason: unknown) => reason as ApiProblem)
    expect(problem).toMatchObject({ status: 502, requestId: 'r-7', unexpected: true })
  })

  it('says that the network is missing', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    const problem = await api.get('/api/me').catch((reason: unknown) => reason as ApiProblem)
    expect(problem).toMatchObject({ offline: true, code: 'web.offline' })
  })

  it('encodes what is put into a path', () => {
    expect(path`/api/rooms/${'a/b?c'}/chat`).toBe('/api/rooms/a%2Fb%3Fc/chat')
  })
})

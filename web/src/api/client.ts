/**
 * One door to the HTTP API: JSON in and out, CSRF header, language, idempotency key, problems as exceptions.
 *
 *   const room = await api.get<RoomPage>(path`/api/rooms/${id}`)
 *   const order = await api.post<Order>('/api/orders', body, { key: intention.key })
 */
import { locale } from '@/shared/i18n'
import { online } from '@/shared/online'
import { words } from '@/shared/words'
import { ApiProblem, type ProblemBody } from './problem'

export { ApiProblem, wordsOf } from './problem'

const ANSWER_SECONDS_MAX = 20
type QueryValue = string | number | boolean | null | undefined
/** A list repeats its name: {state: ['paid', 'shipped']} → ?state=paid&state=shipped. */
export type Query = Record<string, QueryValue | readonly QueryValue[]>

export interface CallOptions {
  query?: Query
  /** Idempotency-Key; see Intention. */
  key?: string
  signal?: AbortSignal
  headers?: Record<string, string>
  /** Survive the closing of the page (likes, presence). */
  keepalive?: boolean
}

let csrfToken = ''

/** GET /api/me carries the token; kept here so that the first write does not depend on the cookie's arrival. */
export function keepCsrf(token: string): void {
  csrfToken = token
}

function csrf(): string {
  const cookie = /(?:^|;\s*)kaibo_csrf=([^;]+)/.exec(document.cookie)?.[1]
  return cookie ? decodeURIComponent(cookie) : csrfToken
}

/** Tagged template that encodes every value put into a path. */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((whole, part, i) => whole + encodeURIComponent(String(values[i - 1])) + part)
}

function withQuery(to: string, query: Query | undefined): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? (value as readonly QueryValue[]) : [value as QueryValue]) {
      if (one !== undefined && one !== null && one !== '') search.append(name, String(one))
    }
  }
  const text = search.toString()
  return text ? `${to}?${text}` : to
}

/** A signal that fires after the answer's time limit or when the caller's does (AbortSignal.any is too new for older phones). */
function limited(outer: AbortSignal | undefined): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController()
  const stop = (): void => controller.abort(outer?.reason)
  const timer = setTimeout(() => controller.abort(new DOMException('time limit', 'TimeoutError')), ANSWER_SECONDS_MAX * 1000)
  if (outer?.aborted) stop()
  outer?.addEventListener('abort', stop)
  return { signal: controller.signal, done: () => { clearTimeout(timer); outer?.removeEventListener('abort', stop) } }
}

async function send(method: string, to: string, body: unknown, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': locale.value, ...options.headers }
  if (method !== 'GET') headers['X-CSRF-Token'] = csrf()
  if (options.key) headers['Idempotency-Key'] = options.key
  const form = body instanceof FormData
  if (body !== undefined && !form) headers['Content-Type'] = 'application/json'
  const { signal, done } = limited(options.signal)
  try {
    const answer = await fetch(withQuery(to, options.query), {
      method, headers, signal, credentials: 'same-origin', keepalive: options.keepalive ?? false,
      body: body === undefined ? null : form ? body : JSON.stringify(body),
    })
    online.value = true
    return answer
  } catch (reason) {
    if (options.signal?.aborted) throw reason
    const late = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
    if (!late && !navigator.onLine) online.value = false
    throw new ApiProblem(0, { code: late ? 'web.too_long' : 'web.offline', detail: words.t(late ? 'problem.too_long' : 'problem.offline') })
  } finally {
    done()
  }
}

async function problemOf(answer: Response): Promise<ApiProblem> {
  const requestId = answer.headers.get('X-Request-Id')
  const isJson = /\bjson\b/.test(answer.headers.get('Content-Type') ?? '')
  const body = isJson ? ((await answer.json().catch(() => ({}))) as ProblemBody) : {}
  return new ApiProblem(answer.status, body, requestId)
}

async function call<T>(method: string, to: string, body: unknown, options: CallOptions = {}): Promise<T> {
  const answer = await send(method, to, body, options)
  if (!answer.ok) {
    const problem = await problemOf(answer)
    if (problem.signInNeeded) signedOutListeners.forEach((tell) => tell())
    throw problem
  }
  if (answer.status === 204 || answer.headers.get('Content-Length') === '0') return undefined as T
  return (await answer.json()) as T
}

const signedOutListeners = new Set<() => void>()

/** Told whenever the server answers 401, so that a stale "signed in" is corrected. */
export function onSignedOut(tell: () => void): void {
  signedOutListeners.add(tell)
}

export const api = {
  get: <T>(to: string, options?: CallOptions): Promise<T> => call<T>('GET', to, undefined, options),
  post: <T = void>(to: string, body?: unknown, options?: CallOptions): Promise<T> => call<T>('POST', to, body, options),
  put: <T = void>(to: string, body?: unknown, options?: CallOptions): Promise<T> => call<T>('PUT', to, body, options),
  patch: <T = void>(to: string, body?: unknown, options?: CallOptions): Promise<T> => call<T>('PATCH', to, body, options),
  delete: <T = void>(to: string, options?: CallOptions & { body?: unknown }): Promise<T> => call<T>('DELETE', to, options?.body, options),
}

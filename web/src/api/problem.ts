/** application/problem+json as an exception. `detail` is already in the reader's language. */
import { words } from '@/shared/words'

export interface FieldProblem {
  path: string
  code: string
  message: string
}

export interface ProblemBody {
  type?: string
  title?: string
  status?: number
  code?: string
  detail?: string
  request_id?: string
  errors?: FieldProblem[]
  [fact: string]: unknown
}

export class ApiProblem extends Error {
  /** Stable code such as "goods.out_of_stock"; "web.offline" and "web.unexpected" are made here. */
  readonly code: string
  readonly status: number
  readonly requestId: string | null
  readonly errors: FieldProblem[]
  /** Every member of the problem, so that facts such as `left` or `now_fen` can be shown in place. */
  readonly facts: Readonly<ProblemBody>

  constructor(status: number, body: ProblemBody, requestId: string | null = null) {
    super(body.detail || body.title || words.t('problem.unexpected'))
    this.name = 'ApiProblem'
    this.status = status
    this.code = body.code ?? 'web.unexpected'
    this.requestId = body.request_id ?? requestId
    this.errors = body.errors ?? []
    this.facts = body
  }

  /** The fault is ours (5xx or an answer that is no problem document): show the request id. */
  get unexpected(): boolean {
    return this.status >= 500 || this.code === 'web.unexpected'
  }

  get offline(): boolean {
    return this.status === 0
  }

  get signInNeeded(): boolean {
    return this.status === 401
  }

  /** An integer fact, or null: `problem.integer('left')`. */
  integer(name: string): number | null {
    const value = this.facts[name]
    return typeof value === 'number' ? value : null
  }

  /** The words of one field of the request, where the server named it. Paths look like "phone" or "skus.0.price_fen". */
  fieldMessage(path: string): string | null {
    return this.errors.find((e) => e.path === path || e.path.endsWith(`.${path}`))?.message ?? null
  }
}

/** What to tell a person about any thrown thing. */
export function wordsOf(error: unknown): string {
  if (error instanceof ApiProblem) return error.errors.length === 1 && error.errors[0] ? error.errors[0].message : error.message
  return words.t('problem.unexpected')
}

/** The shared door to the API with the desk's two needs on top: writes that create, and uploads that show their progress. */
import { ApiProblem, api, type Query } from '@/api/client'
import { randomKey } from '@/api/intention'
import type { ProblemBody } from '@/api/problem'
import { locale } from '@/shared/i18n'
import { t } from '../words'

export { ApiProblem as Problem } from '@/api/client'
export { randomKey as newKey } from '@/api/intention'

let csrfToken = ''

/** The token from GET /api/me, for uploads; the shared client keeps its own. */
export function trustCsrf(token: string): void {
  csrfToken = token
}

interface Upload {
  key?: string
  onProgress?: (share: number) => void
}

function uploadProblem(request: XMLHttpRequest): ApiProblem {
  let body: ProblemBody = {}
  try {
    body = JSON.parse(request.responseText) as ProblemBody
  } catch {
    // A proxy's page instead of a problem document: the status alone has to do.
  }
  return new ApiProblem(request.status, body, request.getResponseHeader('X-Request-Id'))
}

/** One file as the multipart field `file`; XMLHttpRequest because fetch tells nothing about upload progress. */
function upload<T>(to: string, file: File, { key, onProgress }: Upload = {}): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const request = new XMLHttpRequest()
    const cookie = /(?:^|;\s*)kaibo_csrf=([^;]+)/.exec(document.cookie)?.[1]
    request.open('POST', to)
    request.setRequestHeader('Accept', 'application/json')
    request.setRequestHeader('Accept-Language', locale.value)
    request.setRequestHeader('X-CSRF-Token', cookie ? decodeURIComponent(cookie) : csrfToken)
    request.setRequestHeader('Idempotency-Key', key ?? randomKey())
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress?.(event.loaded / event.total)
    }
    request.onerror = () => reject(new ApiProblem(0, { code: 'web.offline', detail: t('upload.lost') }))
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T)
      else reject(uploadProblem(request))
    }
    const form = new FormData()
    form.append('file', file)
    request.send(form)
  })
}

export const http = {
  get: <T>(to: string, query?: Query): Promise<T> => api.get<T>(to, { query }),
  post: <T>(to: string, body?: unknown): Promise<T> => api.post<T>(to, body, { key: randomKey() }),
  /** A write that creates: the caller keeps `key` over the tries of one intention, so that a doubtful answer can be asked again. */
  create: <T>(to: string, body: unknown, key: string): Promise<T> => api.post<T>(to, body, { key }),
  put: <T>(to: string, body: unknown): Promise<T> => api.put<T>(to, body),
  patch: <T>(to: string, body: unknown): Promise<T> => api.patch<T>(to, body),
  remove: (to: string, body?: unknown): Promise<void> => api.delete(to, body === undefined ? {} : { body }),
  upload,
}

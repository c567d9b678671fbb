import { http } from './http'
import type { PointDesk, PointTerms } from './wire'

const POINTS = '/api/operator/points'

export const points = {
  desk: () => http.get<PointDesk>(POINTS),
  setTerms: (body: PointTerms) => http.put<PointDesk>(POINTS, body),
}

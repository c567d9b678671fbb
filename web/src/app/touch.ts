import { api } from '@/api/client'
import type { OrderSource } from '@/api/types'

/** Tells the house through whom this product was opened (docs/attribution.md). Nobody waits for it and nobody misses it. */
export function touch(source: OrderSource): void {
  if (source.kind !== 'shelf') void api.post('/api/touches', { source }).catch(() => undefined)
}

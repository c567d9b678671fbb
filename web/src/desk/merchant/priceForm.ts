import type { PriceWindowsIn, ShopProduct } from '../api/wire'

export interface PriceLine {
  sku_id: string
  name: string
  list_fen: number
  /** The most that may stand struck; null where none may. */
  struck_max_fen: number | null
  price_fen: number | null
  struck_fen: number | null
  pieces: number | undefined
}
export interface PriceForm {
  title: string
  room_id: string
  period: [Date, Date]
  per_buyer_max: number | undefined
  lines: PriceLine[]
}

const HOUR_MS = 3_600_000

/** The next full hour, for two hours. */
export function emptyPrice(now: Date): PriceForm {
  const start = new Date(Math.ceil(now.getTime() / HOUR_MS) * HOUR_MS)
  return { title: '', room_id: '', period: [start, new Date(start.getTime() + 2 * HOUR_MS)], per_buyer_max: undefined, lines: [] }
}

export function linesOf(product: ShopProduct, struckMax: ReadonlyMap<string, number | null>): PriceLine[] {
  return product.skus.map((sku) => ({
    sku_id: sku.id, name: sku.name, list_fen: sku.price_fen, struck_max_fen: struckMax.get(sku.id) ?? null, price_fen: null, struck_fen: null, pieces: undefined,
  }))
}

export type LineFault = 'not_below_list' | 'struck_not_above' | 'struck_too_high' | 'struck_never_sold'

/** What the server would refuse, said before it is sent. */
export function faultOf(line: PriceLine): LineFault | null {
  if (line.price_fen === null) return null
  if (line.price_fen >= line.list_fen) return 'not_below_list'
  if (line.struck_fen === null) return null
  if (line.struck_max_fen === null) return 'struck_never_sold'
  if (line.struck_fen > line.struck_max_fen) return 'struck_too_high'
  return line.struck_fen <= line.price_fen ? 'struck_not_above' : null
}

/** What is sent, or null while something is missing or wrong. Only SKUs with a price are part of it. */
export function priceBody(form: PriceForm): PriceWindowsIn | null {
  const priced = form.lines.filter((line) => line.price_fen !== null && line.price_fen > 0)
  const [from, until] = form.period
  if (form.title.trim() === '' || priced.length === 0 || until <= from || priced.some((line) => faultOf(line) !== null)) return null
  return {
    title: form.title.trim(),
    room_id: form.room_id || null,
    starts_at: from.toISOString(),
    ends_at: until.toISOString(),
    per_buyer_max: form.per_buyer_max ?? null,
    lines: priced.map((line) => ({ sku_id: line.sku_id, price_fen: line.price_fen ?? 0, struck_fen: line.struck_fen, pieces: line.pieces ?? null })),
  }
}

/** Where a window stands in a stretch of days: from the left edge, in per cent. */
export function placeOf(window: { starts_at: string; ends_at: string; stopped_at: string | null }, fromMs: number, untilMs: number): { left: number; width: number } {
  const share = (at: number): number => Math.min(100, Math.max(0, ((at - fromMs) / (untilMs - fromMs)) * 100))
  const left = share(Date.parse(window.starts_at))
  return { left, width: Math.max(0.6, share(Date.parse(window.stopped_at ?? window.ends_at)) - left) }
}

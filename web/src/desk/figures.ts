/** How figures read on the board and in tables: always the same number of decimals, never 'NaN', a dash where nothing was counted. */

export type FigureLocale = 'zh' | 'en'
export const NOTHING = '–'

function grouped(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+(?!\d))/gu, ',')
}

/** 123456789 → '¥1,234,567.89'; negative amounts carry U+2212 before the sign of the currency. */
export function fenText(fen: number | null | undefined): string {
  if (fen === null || fen === undefined || !Number.isFinite(fen)) return NOTHING
  const digits = String(Math.abs(Math.trunc(fen))).padStart(3, '0')
  return `${fen < 0 ? '−' : ''}¥${grouped(digits.slice(0, -2))}.${digits.slice(-2)}`
}

/** A big figure cut to what can be read across a room: ¥9,999.00, ¥12.34万, ¥1.20亿 (zh); ¥123.4K, ¥1.20M (en). */
export function fenBig(fen: number | null | undefined, locale: FigureLocale): string {
  if (fen === null || fen === undefined || !Number.isFinite(fen)) return NOTHING
  const sign = fen < 0 ? '−' : ''
  const yuan = Math.abs(fen) / 100
  if (locale === 'zh') {
    if (yuan >= 1e8) return `${sign}¥${cut(yuan / 1e8, 2)}亿`
    if (yuan >= 1e5) return `${sign}¥${cut(yuan / 1e4, 2)}万`
  } else {
    if (yuan >= 1e6) return `${sign}¥${cut(yuan / 1e6, 2)}M`
    if (yuan >= 1e5) return `${sign}¥${cut(yuan / 1e3, 1)}K`
  }
  return fenText(fen)
}

/** Cut, never rounded up: 99,999 people are not 10.0万. */
function cut(value: number, decimals: number): string {
  const scale = 10 ** decimals
  return (Math.floor(value * scale + 1e-6) / scale).toFixed(decimals)
}

/** 12345 → '12,345'; from 100,000 '12.3万' (zh) or '123.4K' (en). */
export function countText(count: number | null | undefined, locale: FigureLocale): string {
  if (count === null || count === undefined || !Number.isFinite(count)) return NOTHING
  if (locale === 'zh') {
    if (count >= 1e8) return `${cut(count / 1e8, 2)}亿`
    if (count >= 1e5) return `${cut(count / 1e4, 1)}万`
  } else {
    if (count >= 1e6) return `${cut(count / 1e6, 2)}M`
    if (count >= 1e5) return `${cut(count / 1e3, 1)}K`
  }
  return grouped(String(Math.trunc(count)))
}

/** 0.1234 → '12.3%'; a rate above 1 stays as it is (a replayed watch can follow twice): '120.0%'. */
export function rateText(rate: number | null | undefined): string {
  if (rate === null || rate === undefined || !Number.isFinite(rate)) return NOTHING
  return `${(rate * 100).toFixed(1)}%`
}

/** Basis points as per cent: 1250 → '12.5%', 1000 → '10%'. */
export function bpsText(bps: number | null | undefined): string {
  if (bps === null || bps === undefined) return NOTHING
  return `${(bps / 100).toFixed(2).replace(/\.?0+$/u, '')}%`
}

/** A share of the step before, or null when nobody was in it. */
export function shareOf(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null
}

/** Seconds as a running clock: 65 → '01:05', 3661 → '1:01:01'. */
export function clockText(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(total / 3600)
  const rest = `${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

/** Seconds people stayed: 47 → '47s', 83 → '1m 23s' (zh: 47秒, 1分23秒). */
export function stayText(seconds: number | null | undefined, locale: FigureLocale): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NOTHING
  const total = Math.round(seconds)
  const minutes = Math.floor(total / 60)
  if (locale === 'zh') return minutes > 0 ? `${minutes}分${total % 60}秒` : `${total}秒`
  return minutes > 0 ? `${minutes}m ${total % 60}s` : `${total}s`
}

/** Local wall time '14:05'. */
export function hourMinute(at: string): string {
  const date = new Date(at)
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
}

/** Local date and time '2026-11-23 14:05'; a dash when there is none. */
export function dateTime(at: string | null | undefined): string {
  if (!at) return NOTHING
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return NOTHING
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${hourMinute(at)}`
}

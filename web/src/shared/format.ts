/** Numbers and times as people read them. Money is integer fen everywhere; nothing here computes with floats. */
import type { Locale } from './i18n'

export interface PriceParts {
  sign: '' | '-'
  yuan: string
  fen: string
}

/** 2990 → {yuan: "29", fen: "90"}: always two decimals, so ¥29.90 never stands beside ¥29.9. */
export function priceParts(amountFen: number): PriceParts {
  const whole = Math.abs(Math.trunc(amountFen))
  const yuan = Math.trunc(whole / 100)
  return { sign: amountFen < 0 ? '-' : '', yuan: yuan.toLocaleString('en-US').replace(/,(?=\d{3}$)/, yuan < 10_000 ? '' : ','), fen: String(whole % 100).padStart(2, '0') }
}

/** 2990 → "¥29.90" for texts and aria labels. */
export function priceText(amountFen: number): string {
  const { sign, yuan, fen } = priceParts(amountFen)
  return `${sign}¥${yuan}.${fen}`
}

/** 12345 → "1.2万" (zh) or "12.3k" (en); one decimal, rounded down so that a figure never promises more than there is. */
export function countText(count: number, locale: Locale): string {
  const scale = (unit: number, suffix: string): string => {
    const tenths = Math.trunc((count * 10) / unit)
    return `${Math.trunc(tenths / 10)}${tenths % 10 ? `.${tenths % 10}` : ''}${suffix}`
  }
  if (locale === 'en') {
    if (count >= 1_000_000) return scale(1_000_000, 'M')
    return count >= 1_000 ? scale(1_000, 'k') : String(count)
  }
  if (count >= 100_000_000) return scale(100_000_000, '亿')
  return count >= 10_000 ? scale(10_000, '万') : String(count)
}

/** Seconds → "02:45" or "1:02:45". */
export function clockText(seconds: number): string {
  const left = Math.max(0, Math.trunc(seconds))
  const two = (n: number): string => String(n).padStart(2, '0')
  const hours = Math.trunc(left / 3600)
  return `${hours ? `${hours}:` : ''}${two(Math.trunc((left % 3600) / 60))}:${two(left % 60)}`
}

/** Seconds until something: as a clock, and from two days on "4 天 05:02:45" or "4d 05:02:45". */
export function leftText(seconds: number, locale: Locale): string {
  const days = Math.trunc(Math.max(0, seconds) / 86_400)
  if (days < 2) return clockText(seconds)
  const clock = clockText(seconds - days * 86_400)
  return `${days}${locale === 'en' ? 'd' : ' 天'} ${clock.length < 8 ? '00:00:00'.slice(0, 8 - clock.length) + clock : clock}`
}

/** Local date and time, "2026-11-23 16:00" in Chinese, the browser's medium style in English. */
export function dateTimeText(at: string | Date, locale: Locale): string {
  return new Date(at).toLocaleString(locale === 'zh-CN' ? 'sv-SE' : 'en-GB', { year: 'numeric', month: locale === 'zh-CN' ? '2-digit' : 'short', day: '2-digit', hour: '2-digit', minute: '2-digit' })
}

/** "3 分钟前" / "3 minutes ago"; the date itself beyond a week. */
export function relativeText(at: string | Date, locale: Locale, nowMs: number = Date.now()): string {
  const seconds = Math.round((new Date(at).getTime() - nowMs) / 1000)
  const size = Math.abs(seconds)
  if (size >= 7 * 86_400) return dateTimeText(at, locale)
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  if (size < 60) return format.format(seconds < 0 ? Math.min(seconds, -1) : seconds, 'second')
  if (size < 3600) return format.format(Math.trunc(seconds / 60), 'minute')
  if (size < 86_400) return format.format(Math.trunc(seconds / 3600), 'hour')
  return format.format(Math.trunc(seconds / 86_400), 'day')
}

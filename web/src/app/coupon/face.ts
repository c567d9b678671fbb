/** What a coupon says about itself. */
import type { Coupon } from '@/api/types'
import { dateTimeText, priceText } from '@/shared/format'
import { locale } from '@/shared/i18n'
import { t, type CouponWord } from './words'

/** "¥20" without needless decimals: a coupon's big figure; sums of money elsewhere keep theirs. */
export function plainYuan(fen: number): string {
  return fen % 100 === 0 ? String(fen / 100) : (fen / 100).toFixed(2)
}

/** 1500 bps off is 8.5 折 in Chinese and 15% off in English. */
export function percentText(bps: number): string {
  if (locale.value === 'en') return t('card.percent', { value: String(bps / 100) })
  return t('card.percent', { value: String((10_000 - bps) / 1_000) })
}

export function conditionOf(coupon: Coupon): string {
  const said = [coupon.threshold_fen === 0 ? t('card.no_threshold') : t(coupon.each_full ? 'card.each' : 'card.threshold', { price: priceText(coupon.threshold_fen) })]
  if (coupon.cap_fen !== null) said.push(t('card.cap', { price: priceText(coupon.cap_fen) }))
  return said.join(' · ')
}

export function scopeOf(coupon: Coupon): string {
  const scope = t(`card.${coupon.scope}` as CouponWord)
  return coupon.shop_name ? `${coupon.shop_name} · ${scope}` : scope
}

export function timeOf(coupon: Coupon, mine?: { use_from: string; use_until: string }): string {
  if (mine) return Date.parse(mine.use_from) > Date.now() ? t('card.from', { at: dateTimeText(mine.use_from, locale.value) }) : t('card.until', { at: dateTimeText(mine.use_until, locale.value) })
  if (coupon.use_days !== null) return t('card.days', { count: coupon.use_days })
  return coupon.use_until === null ? '' : t('card.until', { at: dateTimeText(coupon.use_until, locale.value) })
}

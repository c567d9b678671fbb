import { catalogue, locale, type Facts } from '@/shared/i18n'
import { computed } from 'vue'
import type { FigureLocale } from './figures'
import zh from './locales/zh'

export type DeskKey = keyof typeof zh
const desk = catalogue<DeskKey>(zh, () => import('./locales/en'))

/** The desk's words. Keys made of a state or a kind ("order.paid") come in as plain text; a test holds the locale files to every key in use. */
export function t(key: string, facts?: Facts): string {
  return desk.t(key as DeskKey, facts)
}

/** Words for a value the server may extend: unknown ones stay as the server wrote them. */
export function wordFor(prefix: string, value: string): string {
  const key = `${prefix}.${value}`
  return key in zh ? t(key) : value
}

/** Which way figures are cut: 万 or K. */
export const figureLocale = computed<FigureLocale>(() => (locale.value === 'en' ? 'en' : 'zh'))
export { locale }

declare module 'vue' {
  interface ComponentCustomProperties {
    $t: (key: string, facts?: Facts) => string
  }
}

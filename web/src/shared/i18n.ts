/**
 * Words in two languages: Chinese travels with the page, English is fetched when it is chosen.
 *
 * Our own forty lines instead of vue-i18n: its bundler build imports the whole of Vue as a namespace and cost 36 KB gzip
 * of the room's 200; here keys are checked by the compiler as well.
 */
import { ref, shallowRef, type Ref } from 'vue'

export type Locale = 'zh-CN' | 'en'
export type Facts = Record<string, string | number>
type Words<K extends string> = Record<K, string>

const STORED_AS = 'kaibo.locale'

function firstLocale(): Locale {
  const stored = globalThis.localStorage?.getItem(STORED_AS)
  if (stored === 'zh-CN' || stored === 'en') return stored
  // Chinese first: English only for a browser that names no Chinese at all among its languages and does name English.
  const wanted = globalThis.navigator?.languages ?? []
  return wanted.length > 0 && !wanted.some((l) => l.startsWith('zh')) && wanted.some((l) => l.startsWith('en')) ? 'en' : 'zh-CN'
}

export const locale: Ref<Locale> = ref(firstLocale())
const loaders: Array<() => Promise<void>> = []
let started = false

/** Fill `{name}` from facts; "one thing | {count} things" picks by facts.count (English only has two forms). */
export function fill(template: string, facts: Facts = {}): string {
  const forms = template.split(' | ')
  const chosen = forms.length === 2 && 'count' in facts ? (facts.count === 1 ? forms[0] : forms[1]) : template
  return (chosen ?? template).replace(/\{(\w+)\}/g, (whole, name: string) => (name in facts ? String(facts[name]) : whole))
}

export interface Catalogue<K extends string> {
  t: (key: K, facts?: Facts) => string
}

/** One page family's words. `t` is reactive: a template that calls it follows the locale. */
export function catalogue<K extends string>(zh: Words<K>, loadEnglish: () => Promise<{ default: Words<K> }>): Catalogue<K> {
  const english = shallowRef<Words<K> | null>(null)
  const load = async (): Promise<void> => {
    if (!english.value) english.value = (await loadEnglish()).default
  }
  loaders.push(load)
  // Words of a page that is fetched later come after the start's loading: a failed fetch leaves Chinese.
  if (started && locale.value === 'en') void load().catch(() => undefined)
  const t = (key: K, facts?: Facts): string => fill((locale.value === 'en' ? english.value?.[key] : undefined) ?? zh[key] ?? key, facts)
  return { t }
}

/** Load what the locale needs, then switch; also sets <html lang> for screen readers and fonts. */
export async function setLocale(next: Locale): Promise<void> {
  if (next === 'en') await Promise.all(loaders.map((load) => load()))
  locale.value = next
  document.documentElement.lang = next
  globalThis.localStorage?.setItem(STORED_AS, next)
}

/** Call once before mounting. */
export async function startLocale(): Promise<void> {
  started = true
  document.documentElement.lang = locale.value
  if (locale.value === 'en') await Promise.all(loaders.map((load) => load())).catch(() => undefined)
}

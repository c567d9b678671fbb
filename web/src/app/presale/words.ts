/** The words of presales, in a part of their own: the room's first load does without them. */
import { catalogue, locale, startLocale } from '@/shared/i18n'
import zh from './zh'

export const { t } = catalogue(zh, () => import('./en'))
export type PresaleWord = keyof typeof zh

// This part arrives after the page's start, when the other words have been loaded already.
if (locale.value === 'en') void startLocale()

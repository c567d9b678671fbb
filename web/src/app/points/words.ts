/** The words of points, in a part of their own: the room's first load does without them. */
import { catalogue, locale, startLocale } from '@/shared/i18n'
import zh from './zh'

export const { t } = catalogue(zh, () => import('./en'))

// This part arrives after the page's start, when the other words have been loaded already.
if (locale.value === 'en') void startLocale()

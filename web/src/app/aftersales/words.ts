import { catalogue } from '@/shared/i18n'
import zh from './locales/zh'

/** The words of the after-sales pages; they travel with these pages, not with the room. */
export const { t } = catalogue(zh, () => import('./locales/en'))
export type WordKey = keyof typeof zh

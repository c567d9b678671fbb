import { catalogue } from '@/shared/i18n'
import zh from './locales/zh'

/** The words of the buyer's pages. */
export const { t } = catalogue(zh, () => import('./locales/en'))
export type WordKey = keyof typeof zh

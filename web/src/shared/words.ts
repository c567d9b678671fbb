import { catalogue } from './i18n'
import zh from './locales/zh'

/** The words of the parts both apps share. */
export const words = catalogue(zh, () => import('./locales/en'))

import { catalogue } from '@/shared/i18n'
import zh from './zh'

/** The words of parcels, invoices and buying again; they travel with these pages, not with the room. */
export const { t } = catalogue(zh, () => import('./en'))
export type WordKey = keyof typeof zh

import shell from './zh/shell'
import stage from './zh/stage'
import board from './zh/board'
import shop from './zh/shop'
import coupons from './zh/coupons'
import platform from './zh/platform'
import affiliate from './zh/affiliate'
import aftersales from './zh/aftersales'
import open from './zh/open'
import parcels from './zh/parcels'
import funds from './zh/funds'
import books from './zh/books'

export default { ...shell, ...stage, ...board, ...shop, ...platform, ...coupons, ...affiliate, ...aftersales, ...open, ...parcels, ...funds, ...books } as const satisfies Record<string, string>

import shell from './en/shell'
import stage from './en/stage'
import board from './en/board'
import shop from './en/shop'
import coupons from './en/coupons'
import platform from './en/platform'
import affiliate from './en/affiliate'
import aftersales from './en/aftersales'
import open from './en/open'
import parcels from './en/parcels'
import type zh from './zh'
import funds from './en/funds'

export default { ...shell, ...stage, ...board, ...shop, ...platform, ...coupons, ...affiliate, ...aftersales, ...open, ...parcels, ...funds } satisfies Record<keyof typeof zh, string>

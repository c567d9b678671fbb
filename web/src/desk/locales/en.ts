import shell from './en/shell'
import stage from './en/stage'
import board from './en/board'
import shop from './en/shop'
import coupons from './en/coupons'
import platform from './en/platform'
import type zh from './zh'

export default { ...shell, ...stage, ...board, ...shop, ...platform, ...coupons } satisfies Record<keyof typeof zh, string>

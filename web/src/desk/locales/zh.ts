import shell from './zh/shell'
import stage from './zh/stage'
import board from './zh/board'
import shop from './zh/shop'
import platform from './zh/platform'

export default { ...shell, ...stage, ...board, ...shop, ...platform } as const satisfies Record<string, string>

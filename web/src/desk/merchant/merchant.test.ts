import { describe, expect, it } from 'vitest'
import { idNumberFine } from '../creator/idNumber'
import { deadlineOf } from './deadline'
import { creditCodeFine } from './licence'
import { blankForm, blankSku, bodyOf, faultsOf } from './productForm'

const NOW = Date.parse('2026-11-23T08:00:00.000Z')

describe('the ship deadline', () => {
  it('runs down, turns urgent, then counts how late it is', () => {
    expect(deadlineOf('2026-11-25T08:00:00.000Z', NOW)).toEqual({ tone: 'calm', hours: 48, minutes: 0 })
    expect(deadlineOf('2026-11-23T13:59:00.000Z', NOW)).toEqual({ tone: 'soon', hours: 5, minutes: 59 })
    expect(deadlineOf('2026-11-23T05:30:00.000Z', NOW)).toEqual({ tone: 'late', hours: 2, minutes: 30 })
    expect(deadlineOf(null, NOW)).toBeNull()
  })
})

describe('the product form', () => {
  const filled = (): ReturnType<typeof blankForm> => ({
    ...blankForm(), title: ' Solid door ', category_key: 'doors', pictures: [{ id: 'pic', url: '/p' }], commission: '12.5',
    skus: [{ ...blankSku(), name: 'Oak', price_fen: 129900, stock: 5 }],
  })

  it('names everything that is missing', () => {
    const paths = faultsOf({ ...blankForm(), commission: '81' }).map((fault) => fault.path)
    expect(new Set(paths)).toEqual(new Set(['title', 'category_key', 'picture_ids', 'skus.0', 'commission_bps']))
  })

  it('finds SKUs of the same name', () => {
    const form = filled()
    form.skus.push({ ...form.skus[0]!, price_fen: 1 })
    expect(faultsOf(form).map((fault) => fault.key)).toEqual(['product.fault_sku_twice'])
  })

  it('sends whole fen and basis points, without empty rows', () => {
    const form = filled()
    form.points = ['  one ', ' ']
    expect(faultsOf(form)).toEqual([])
    expect(bodyOf(form, 'Standard')).toMatchObject({
      title: 'Solid door', commission_bps: 1250, selling_points: ['one'], attributes: [], picture_ids: ['pic'], skus: [{ name: 'Oak', price_fen: 129900, stock: 5 }],
    })
  })

  it('tells the stock that it saw, so that sales meanwhile still count', () => {
    const form = filled()
    form.skus = [{ ...form.skus[0]!, id: 's1', stock: 8, stockWas: 5, name: '' }]
    expect(bodyOf(form, 'Standard').skus?.[0]).toMatchObject({ id: 's1', stock: 8, stock_was: 5, name: 'Standard' })
  })
})

describe('numbers with a check character', () => {
  it('know a good credit code from one with two digits swapped', () => {
    expect(creditCodeFine('91350100M000100Y43')).toBe(true)
    expect(creditCodeFine('91350100M000010Y43')).toBe(false)
    expect(creditCodeFine('91350100M000100Y4')).toBe(false)
    expect(creditCodeFine('91350100O000100Y43')).toBe(false)
  })

  it('know a good identity number from a mistyped one and from a day that never was', () => {
    expect(idNumberFine('11010519491231002X')).toBe(true)
    expect(idNumberFine('110105194912310021')).toBe(false)
    expect(idNumberFine('110105194902310020')).toBe(false)
  })
})
